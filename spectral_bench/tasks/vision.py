"""torchvision's reader of MNIST files, importable also where torchvision's compiled operators cannot be loaded."""

import torch
from torch import Tensor

#: Keeps the declared operators alive for as long as the process.
_declared: list[torch.library.Library] = []


def read_idx_images(path: str) -> Tensor:
    """The images of an unpacked IDX file, (N, height, width) uint8."""
    import_torchvision()
    from torchvision.datasets.mnist import read_image_file

    images: Tensor = read_image_file(path)
    return images


def read_idx_labels(path: str) -> Tensor:
    """The labels of an unpacked IDX file, (N,) int64."""
    import_torchvision()
    from torchvision.datasets.mnist import read_label_file

    labels: Tensor = read_label_file(path)
    return labels


def import_torchvision() -> None:
    """Import torchvision, declaring its operators first where their library does not load.

    The wheel of torchvision on the package index is built for CUDA. Beside a CPU-only torch its compiled library fails
    to load, which torchvision passes over, but it then describes operators that were never declared: "operator
    torchvision::nms does not exist". Reading data sets needs none of them; their schemas are enough.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for operator in ("nms", "qnms"):
            schema = f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            library.define(schema)  # type: ignore[no-untyped-call]
        _declared.append(library)
        import torchvision  # noqa: F401
