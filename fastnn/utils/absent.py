"""Names of Keras that are not here, once, by package and by what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable

from fastnn.utils.naming import did_you_mean

VOLUMES = "volumes (three spatial axes) are not available"
AUGMENTING = "of the augmentations there are flips, crops, rotations, translations, zooms, contrast and brightness"
POLICIES = "everything is computed in float32 or float64; see fastnn.config.set_floatx"
QUIET = "give verbose=2 or verbose=0"
GROUPS: dict[str, dict[str, str]] = {
    "": {
        POLICIES: "DTypePolicy FloatDTypePolicy Quantizer dtype_policies mixed_precision quantizers",
        "everything runs on processors": "device",
        "fastnn.distribute.DataParallel trains in several processes": "distribution",
        "a step list keeps what backward needs; there is nothing to trade": "RematScope remat",
        "step lists are written by fastnn.engine.graph.Trace": "StatelessScope SymbolicScope",
        "write model.export(...)": "export",
        "fastnn.show opens a model in the app": "visualization",
        "models are graphs of layers, and functions of fastnn.ops": "Function Operation",
        "weights are named after their layers": "name_scope",
        "fastnn.engine.nested has flatten and map_structure": "tree",
        "fastnn.__version__ says it": "version",
        "write a train_step of your own, with the teacher's prediction in its loss": "distillation",
        "load_model reads .h5 files of any version": "legacy",
    },
    "applications": {
        "of the published networks there are VGG16, VGG19, ResNet50, InceptionV3 and MobileNet": "ConvNeXtBase "
        "ConvNeXtLarge ConvNeXtSmall ConvNeXtTiny ConvNeXtXLarge DenseNet121 DenseNet169 DenseNet201 EfficientNetB0 "
        "EfficientNetB1 EfficientNetB2 EfficientNetB3 EfficientNetB4 EfficientNetB5 EfficientNetB6 EfficientNetB7 "
        "EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2 EfficientNetV2B3 EfficientNetV2L EfficientNetV2M "
        "EfficientNetV2S InceptionResNetV2 MobileNetV2 MobileNetV3Large MobileNetV3Small NASNetLarge NASNetMobile "
        "ResNet101 ResNet101V2 ResNet152 ResNet152V2 ResNet50V2 Xception",
    },
    "config": {
        POLICIES: "dtype_policy set_dtype_policy",
        QUIET: "disable_interactive_logging enable_interactive_logging is_interactive_logging_enabled",
        "load_model(..., safe_mode=False) says it for one file": "enable_unsafe_deserialization",
        "errors come with all of their traceback": "disable_traceback_filtering enable_traceback_filtering "
        "is_traceback_filtering_enabled",
        "attention is computed in one way": "disable_flash_attention enable_flash_attention is_flash_attention_enabled",
        "give epochs and steps_per_epoch to fit": "max_epochs max_steps_per_epoch set_max_epochs "
        "set_max_steps_per_epoch",
        "fastnn is the backend": "is_nnx_enabled set_backend",
    },
    "layers": {
        VOLUMES: "AdaptiveAveragePooling3D AdaptiveMaxPooling3D AveragePooling3D AvgPool3D Conv3D Conv3DTranspose "
        "ConvLSTM3D Convolution3D Convolution3DTranspose Cropping3D GlobalAveragePooling3D GlobalAvgPool3D "
        "GlobalMaxPool3D GlobalMaxPooling3D MaxPool3D MaxPooling3D SpatialDropout3D UpSampling3D ZeroPadding3D",
        "recurrence over images is not available": "ConvLSTM1D ConvLSTM2D",
        "use GlobalAveragePooling, or AveragePooling": "AdaptiveAveragePooling1D AdaptiveAveragePooling2D",
        "use GlobalMaxPooling, or MaxPooling": "AdaptiveMaxPooling1D AdaptiveMaxPooling2D",
        AUGMENTING: "AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization MixUp "
        "RandAugment RandomColorDegeneration RandomColorJitter RandomElasticTransform RandomErasing RandomGaussianBlur "
        "RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomSaturation RandomSharpness "
        "RandomShear Solarization",
        "other libraries' models cannot be layers": "FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper",
        "sound is not available": "MelSpectrogram STFTSpectrogram",
        "use MultiHeadAttention": "GroupQueryAttention",
        "use StringLookup or IntegerLookup": "HashedCrossing Hashing",
        "use Sequential": "Pipeline",
        "boxes are not available": "MaxNumBoundingBoxes",
        "use Embedding, and ops.matmul with its embeddings transposed": "ReversibleEmbedding",
        "give the layer a kernel_constraint, or write a layers.Wrapper of your own": "SpectralNormalization",
    },
    "initializers": {"Fourier transforms are not available": "STFT STFTInitializer stft"},
    "losses": {"connectionist temporal classification is not available": "CTC ctc"},
    "optimizers": {
        "use Adam or AdamW": "Adafactor Muon ScheduleFreeAdamW",
        "losses need no scaling in float32; optimizers take loss_scale_factor": "LossScaleOptimizer",
        "write a train_step of your own with several optimizers": "MultiOptimizer OptimizerMap",
    },
    "preprocessing.image": {"use ops.image.resize(..., crop_to_aspect_ratio=True)": "smart_resize"},
    "random": {"draw from normal, uniform, randint or categorical": "beta binomial gamma"},
    "saving": {
        "`.keras` files are zip archives, and their weights HDF5: zipfile and h5py open them": "KerasFileEditor"
    },
    "utils": {
        QUIET: "disable_interactive_logging enable_interactive_logging is_interactive_logging_enabled",
        "sound is not available": "audio_dataset_from_directory",
        "boxes are not available": "bounding_boxes",
        "use Normalization, StringLookup and CategoryEncoding": "FeatureSpace",
        "use a dict": "Config",
    },
}
ABSENT = {
    package: {name: why for why, names in groups.items() for name in names.split()}
    for package, groups in GROUPS.items()
}


def missing(package: str, name: str, known: Iterable[str]) -> AttributeError:
    """What is wrong with a name that a package does not have: absent here, or probably meant otherwise.

    Example:
        >>> print(missing("layers", "Conv3D", ["Conv2D"]))
        fastnn.layers has no 'Conv3D': volumes (three spatial axes) are not available.
        >>> print(missing("layers", "Densee", ["Dense"]))
        module 'fastnn.layers' has no attribute 'Densee'; did you mean 'Dense'?
    """
    home = f"fastnn.{package}" if package else "fastnn"
    why = ABSENT.get(package, {}).get(name)
    if why is not None:
        return AttributeError(f"{home} has no {name!r}: {why}.")
    hint = did_you_mean(name, list(known))
    return AttributeError(f"module {home!r} has no attribute {name!r}; {hint}")
