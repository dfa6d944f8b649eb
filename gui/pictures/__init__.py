"""Pictures of the app for the README: `python -m gui.pictures` takes them anew."""
