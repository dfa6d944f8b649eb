"""Objects as JSON and back, in Keras' format; a file can name registered classes and functions, and nothing else."""

from __future__ import annotations

import base64
import builtins
import inspect
import marshal
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from fastnn.utils.naming import did_you_mean

Class = TypeVar("Class", bound=type)
LONGEST_CONFIG = 300  # letters of a configuration that an error repeats
_classes: dict[tuple[str, str], type] = {}
_custom: dict[str, Any] = {}
_functions: list[Mapping[str, Any]] = []  # built-in ones that files name


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.objects: list[Mapping[str, Any]] = []
        self.running_code = False
        self.room: int | None = None
        self.most = ""


_scopes = _Scopes()


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any] | None) -> Iterator[None]:
    """Inside, files and configurations may name these classes and functions.

    Args:
        custom_objects: Classes and functions by name.

    Example:
        >>> with custom_object_scope({"cube": lambda x: x**3}):
        ...     deserialize({"class_name": "function", "config": "cube"})(2)
        8
    """
    _scopes.objects.append(custom_objects or {})
    try:
        yield
    finally:
        _scopes.objects.pop()


@contextmanager
def running_code(allowed: bool) -> Iterator[None]:
    """Inside, code that a file holds may be run, if allowed."""
    before, _scopes.running_code = _scopes.running_code, allowed
    try:
        yield
    finally:
        _scopes.running_code = before


@contextmanager
def room_for_weights(count: int, most: str = "the file can hold") -> Iterator[None]:
    """Inside, layers make at most that many weights: a file of a few bytes cannot ask for gigabytes."""
    before = _scopes.room, _scopes.most
    _scopes.room, _scopes.most = count, most
    try:
        yield
    finally:
        _scopes.room, _scopes.most = before


def has_room_set() -> bool:
    """Whether there is a limit of weights."""
    return _scopes.room is not None


def take_room(layer: str, count: int) -> None:
    """Count weights that are about to be made.

    Raises:
        ValueError: if a file asks for more than there is room for.
    """
    if _scopes.room is None:
        return
    if count > _scopes.room:
        raise ValueError(f"Layer '{layer}': expected no more weights than {_scopes.most}. Received: {count} more")
    _scopes.room -= count


def trusted() -> bool:
    """Whether what is being read may run code and open other files."""
    return _scopes.running_code


def enable_unsafe_deserialization() -> None:
    """Let all files that are read from now on in this thread run the code that they hold."""
    _scopes.running_code = True


def function_from_code(config: Mapping[str, Any]) -> Any:
    """The function whose compiled code a configuration holds, if its reader has asked for that.

    Raises:
        ValueError: unless code may be run; or for code of another Python version.
    """
    if not _scopes.running_code:
        raise ValueError(
            "Expected a file without code. Received: a Lambda layer with the code of a function, which could do "
            "anything. If you trust whoever wrote the file, pass safe_mode=False; or pass the function by its name "
            "in custom_objects"
        )
    try:
        code = marshal.loads(base64.b64decode(str(config["code"])))
        defaults = config.get("defaults")
        return types.FunctionType(
            code, vars(builtins) | {"__builtins__": builtins}, "lambda", defaults and tuple(defaults)
        )
    except (ValueError, EOFError, TypeError, KeyError) as error:
        raise ValueError(f"Expected code of this Python version in the file. Received: other code: {error}") from None


def serializable(module: str, *others: tuple[str, str]) -> Callable[[Class], Class]:
    """Class decorator: instances are saved under that Keras module and their class name.

    Args:
        module: The module.
        *others: Further pairs of module and class name that files may say.
    """

    def remember(cls: Class) -> Class:
        cls.keras_module = module  # type: ignore[attr-defined]
        for key in ((module, cls.__name__), *others):
            _classes[key] = cls
        return cls

    return remember


def nameable(functions: dict[str, Any]) -> dict[str, Any]:
    """Let files name built-in functions; the dict that is given back may grow.

    Example:
        >>> functions = nameable({})
    """
    _functions.append(functions)
    return functions


def _built_in(name: str) -> Any:
    """A built-in function, or None."""
    return next((functions[name] for functions in _functions if name in functions), None)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Decorator that lets saved models name your class or function.

    Args:
        package: First part of the registered name.
        name: Second part; the class's or function's own name by default.

    Example:
        >>> @register_keras_serializable("my_package")
        ... class Doubling:
        ...     pass
        >>> Doubling.registered_name
        'my_package>Doubling'
    """

    def remember(thing: Any) -> Any:
        thing.registered_name = f"{package}>{name or thing.__name__}"
        _custom[thing.registered_name] = thing
        return thing

    return remember


def get_custom_objects() -> dict[str, Any]:
    """Classes and functions registered by users, by name; may be changed."""
    return _custom


def registered_name(thing: Any) -> str | None:
    """The name under which a user's class or function was registered, or its own name; None for built-in classes."""
    if "keras_module" in vars(thing):
        return None
    return str(vars(thing).get("registered_name", thing.__name__))


def serialize(thing: Any) -> Any:
    """JSON for an object: plain values, sequences and dicts of such, functions by name, objects by class and config.

    Raises:
        ValueError: if the object has no `get_config`, or is a function without a name.
    """
    if thing is None or isinstance(thing, (bool, int, float, str)):
        return thing
    if isinstance(thing, (np.generic, np.ndarray)):
        return thing.tolist()
    if isinstance(thing, (list, tuple)):
        items = [serialize(item) for item in thing]
        return tuple(items) if isinstance(thing, tuple) else items
    if isinstance(thing, dict):
        return {key: serialize(value) for key, value in thing.items()}
    if inspect.isfunction(thing):
        if thing.__name__ == "<lambda>":
            raise ValueError("Expected a function with a name, which a file can refer to. Received: a lambda")
        return {
            "module": "builtins",
            "class_name": "function",
            "config": thing.__name__,
            "registered_name": registered_name(thing),
        }
    if not hasattr(thing, "get_config"):
        raise ValueError(f"Expected an object with get_config to save. Received: {thing!r}")
    return serialize_object(thing)


def serialize_object(thing: Any) -> dict[str, Any]:
    """Module, class name and configuration of an object."""
    cls = type(thing)
    module, name = getattr(thing, "saved_as", (vars(cls).get("keras_module", cls.__module__), cls.__name__))
    return {
        "module": module,
        "class_name": name,
        "config": serialize(thing.get_config()),
        "registered_name": registered_name(cls),
    }


def is_object(config: Any) -> bool:
    """Whether a piece of JSON stands for an object."""
    return isinstance(config, dict) and "class_name" in config and "config" in config


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The object that a piece of JSON stands for.

    Args:
        config: What `serialize` gave, or a file of Keras.
        custom_objects: Further classes and functions by name.

    Raises:
        ValueError: if it names an unknown class or function.
    """
    if custom_objects:
        with custom_object_scope(custom_objects):
            return deserialize(config)
    if isinstance(config, (list, tuple)):
        return type(config)(deserialize(item) for item in config)
    if not is_object(config):
        return {k: deserialize(v) for k, v in config.items()} if isinstance(config, dict) else config
    if config["class_name"] == "__tuple__":
        return tuple(deserialize(config.get("items", config["config"])))
    if config["class_name"] == "DTypePolicy":
        return config["config"]["name"]
    if config["class_name"] == "__lambda__":
        return function_from_code(config["config"])
    if config["class_name"] == "function":
        return find_custom(config.get("registered_name") or config["config"], config["config"])
    return find_class(config).from_config(config["config"])


def deserializer(module: str) -> Callable[..., Any]:
    """The function `deserialize` of a module, whose classes need not say that they are of it.

    Args:
        module: The module, such as 'keras.losses'.

    Example:
        >>> deserializer("keras.losses")({"class_name": "function", "config": "cube"}, {"cube": abs})(-2)
        2
    """

    def deserialize_here(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The object that a configuration stands for; a class name and its arguments are enough.

        Args:
            config: What `serialize` gave, or a file of Keras.
            custom_objects: Further classes and functions by name.

        Raises:
            ValueError: for a dict that describes nothing, or something that is called where this cannot be.
        """
        if not isinstance(config, dict):
            return deserialize(config, custom_objects)
        found = (
            deserialize({"module": module, "config": {}, **config}, custom_objects) if "class_name" in config else None
        )
        if found is None or not (callable(found) or module == "keras.optimizers"):
            said = repr(config)[:LONGEST_CONFIG]
            raise ValueError(
                f"Expected a description with class_name and config of something in {module}. Received: {said}"
            )
        return found

    return deserialize_here


def find_custom(name: str, short: str) -> Any:
    """A user's class or function by its registered or its plain name."""
    known = dict(_custom)
    for scope in _scopes.objects:
        known.update(scope)
    for key in (name, short):
        if key in known:
            return known[key]
    if (built_in := _built_in(short)) is not None:
        return built_in
    hint = f"; {did_you_mean(short, known)}" if known else ""
    raise ValueError(f"Expected a known class or function; pass it in custom_objects. Received: {short!r}{hint}")


def custom_names(config: Any) -> Iterator[tuple[str, bool]]:
    """The user's own classes and functions that a configuration names, and whether they are registered here.

    Args:
        config: What `serialize` gave.

    Example:
        >>> list(custom_names({"module": "mine", "class_name": "Cube", "config": {}, "registered_name": "Cube"}))
        [('Cube', False)]
    """
    if isinstance(config, (list, tuple)):
        for item in config:
            yield from custom_names(item)
    elif isinstance(config, dict):
        name = config.get("registered_name")
        if is_object(config) and name and not _is_ours(config):
            yield str(config["config" if config["class_name"] == "function" else "class_name"]), name in _custom
        for value in config.values():
            yield from custom_names(value)


def _is_ours(config: Mapping[str, Any]) -> bool:
    """Whether a configuration names what every process knows: what is built in, and what presets register."""
    name, registered = config["class_name"], _custom.get(str(config["registered_name"]))
    if registered is not None:
        return str(getattr(registered, "__module__", "")).startswith("fastnn.")
    if name == "function":
        return _built_in(str(config["config"])) is not None
    module = config.get("module")
    return (module, name) in _classes or str(module).startswith(("keras.src.ops.", "keras.src.activations."))


def find_class(config: Mapping[str, Any]) -> Any:
    """The class that a configuration names; only registered ones are found.

    Keras names some classes by the private module that they live in; a class name that only one module registers is
    enough then.
    """
    name, module = str(config["class_name"]), str(config.get("module"))
    if any(name in scope for scope in _scopes.objects) or config.get("registered_name") in _custom:
        return find_custom(str(config.get("registered_name")), name)
    if (module, name) in _classes:
        return _classes[module, name]
    if module.split(".")[0] == "keras":
        kind = next((m for m in ("losses", "metrics", "optimizers", "layers", "models") if f".{m}" in module), "")
        for (known, known_name), cls in _classes.items():
            if known_name == name and known.endswith(kind or known):
                return cls
    return find_custom(str(config.get("registered_name") or name), name)
