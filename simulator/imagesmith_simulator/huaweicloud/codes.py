"""The refusals of IMS, EVS and CBR: code, HTTP status, text.

Source: the services' published lists of error codes. What `ASSUMED` names is not in them; it is of the service's family
and shows that something is refused, not how exactly.
"""

from __future__ import annotations

from imagesmith_simulator.refusals import ApiError

_TABLE: dict[str, tuple[int, str]] = {
    "IMG.0003": (400, "The image name format is invalid."),
    "IMG.0005": (400, "The ECS does not exist."),
    "IMG.0006": (400, "The ECS system disk cannot be used to create an image."),
    "IMG.0008": (400, "The ECS cannot be used to create images because it is not in stopped state."),
    "IMG.0010": (400, "The ECS cannot be used to create an image because it has in-progress tasks."),
    "IMG.0013": (400, "The image name is not specified."),
    "IMG.0014": (400, "An exception occurred when IaaS OpenStack was executing the task."),
    "IMG.0015": (400, "The number of private images has reached the quota."),
    "IMG.0020": (400, "The backup does not exist."),
    "IMG.0021": (400, "The source type is unknown."),
    "IMG.0022": (400, "A disk in the current state cannot be used to create images."),
    "IMG.0024": (400, "The imagetype is invalid."),
    "IMG.0027": (400, "The image ID in the request does not exist."),
    "IMG.0029": (400, "The backup in the request has already been used to create an image."),
    "IMG.0031": (400, "The resource ID in the request is incorrect."),
    "IMG.0032": (400, "The backup is unavailable."),
    "IMG.0041": (400, "The authorized account is empty."),
    "IMG.0046": (400, "The image is unavailable."),
    "IMG.0047": (400, "This operation can be performed only by the image owner."),
    "IMG.0054": (400, "The image description format is invalid."),
    "IMG.0055": (400, "The memory or disk size is invalid."),
    "IMG.0140": (400, "The disks in the request are from different ECSs."),
    "IMG.0144": (404, "Failed to find image with ID."),
    "IMG.0107": (400, "The image is already shared with the project."),
    "IMG.0108": (400, "The image can't be shared with this project."),
    "IMG.0115": (400, "An encrypted image can't be shared."),
    "IMG.0116": (409, "The image is in use."),
    "IMG.0170": (400, "The vault does not exist."),
    "EVS.1003": (400, "invalid volume name!"),
    "EVS.1009": (400, "invalid volumeForCreate!"),
    "EVS.1010": (400, "invalid volume size!"),
    "EVS.2024": (500, "EbsCreateVolumeTask-fail:volume is error!"),
    "EVS.5400": (400, "Invalid volume."),
    "EVS.5404": (404, "Volume could not be found."),
    "EVS.5413": (413, "VolumeLimitExceeded: Maximum number of volumes allowed exceeded"),
    "BackupService.6105": (404, "The vault does not exist."),
    "BackupService.6200": (404, "The backup does not exist."),
    "BackupService.6204": (400, "The backup is used by an image and can't be deleted."),
    "BackupService.6601": (400, "The capacity of the vault is insufficient."),
}

ASSUMED = frozenset(
    {"IMG.0107", "IMG.0108", "IMG.0115", "IMG.0116", "IMG.0170", "EVS.5400", "EVS.5413", "BackupService.6200",
     "BackupService.6601"}
)  # fmt: skip
"""Codes of our own choice, in the service's spelling."""


def refusal(code: str, detail: str = "") -> ApiError:
    """The refusal with this code; ``detail`` is said instead of the usual text."""
    status, text = _TABLE[code]
    return ApiError(code, status, detail or text)


def failure(code: str, detail: str = "") -> tuple[str, str]:
    """What a failed job tells: the code and the reason."""
    return code, detail or _TABLE[code][1]
