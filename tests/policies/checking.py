"""The two questions that are put to every variant on every cloud."""

from __future__ import annotations

from tests.policies.drills import Drill, Side, Variant


def strayed(side: Side, variant: Variant) -> list[str]:
    """What is wrong when every drill is played under exactly the policy; and the policy has nothing that none uses."""
    policy = side.permissions(variant).actions
    wrong: list[str] = []
    used: set[str] = set()
    for drill in side.drills(variant):
        played = side.play(variant, drill, policy)
        used |= played.used
        wrong += [f"{drill}: calls {name}, which is not in the policy" for name in sorted(played.used - policy)]
        if played.left and not (drill.leaves or variant.leaves):
            wrong.append(f"{drill}: left {played.left}")
        wrong += [f"{drill}: {text}" for text in played.told if side.refusal in text]
    return wrong + [f"no drill uses {name}" for name in sorted(policy - used)]


def unmissed(side: Side, variant: Variant, step: int, start: int = 0) -> list[str]:
    """The permissions (every ``step``-th) that can be taken away without anybody being told their names."""
    policy = side.permissions(variant).actions
    played = [(drill, side.play(variant, drill).used) for drill in side.drills(variant)]
    return [
        name
        for name in sorted(policy)[start % step :: step]
        if not any(_is_told(side, variant, drill, name) for drill, used in played if name in used)
    ]


def _is_told(side: Side, variant: Variant, drill: Drill, name: str) -> bool:
    """Whether without this permission an error or a warning names it."""
    allowed = side.permissions(variant).actions - {name}
    return any(name in text for text in side.play(variant, drill, allowed).told if side.refusal in text)
