"""Fixers for options of provisioners and post-processors."""

from __future__ import annotations

from imagesmith.template.fix.common import Block, rename

_VAGRANT_PROVIDERS = ("aws", "digitalocean", "virtualbox", "vmware")
_ESCAPED = ("$", '"', "`", "'")


def vagrant_override(step: Block) -> None:
    """What was set for one provider beside the options goes into ``override``."""
    if step.get("type") != "vagrant":
        return
    found = {provider: step.pop(provider) for provider in _VAGRANT_PROVIDERS if provider in step}
    if found:
        step["override"] = found


def manifest_filename(step: Block) -> None:
    """Post-processors call what they write ``output``."""
    if step.get("type") == "manifest":
        rename(step, "filename", "output", str)


def docker_email(step: Block) -> None:
    """Docker no longer takes an address to log in; no other post-processor has such an option."""
    step.pop("login_email", None)


def docker_tags(step: Block) -> None:
    """One tag became a list; text with commas is several."""
    if step.get("type") != "docker-tag":
        return
    tags = [*_texts(step.pop("tag", None)), *_texts(step.pop("tags", None))]
    step["tags"] = list(dict.fromkeys(tags))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split(",") if value else []
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def powershell_escapes(provisioner: Block) -> None:
    """These values are escaped by the provisioner itself now."""
    if provisioner.get("type") != "powershell":
        return
    variables = provisioner.get("environment_vars") or []
    if not isinstance(variables, list) or not all(isinstance(item, str) for item in variables):
        return
    if "environment_vars" in provisioner:
        provisioner["environment_vars"] = [_without_escapes(item) for item in variables]
    for option in ("elevated_user", "elevated_password"):
        if isinstance(provisioner.get(option), str):
            provisioner[option] = _without_escapes(provisioner[option])


def _without_escapes(text: str) -> str:
    for character in _ESCAPED:
        text = text.replace(f"`{character}", character)
    return text


def galaxy_command(provisioner: Block) -> None:
    """Words of an option are joined with an underscore."""
    if provisioner.get("type") == "ansible-local":
        rename(provisioner, "galaxycommand", "galaxy_command", str, over=False)
