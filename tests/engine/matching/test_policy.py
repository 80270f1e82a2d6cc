"""Named policies and their ids."""

import msgspec
import pytest

from engine.errors import InputError
from engine.matching.policy import BYBIT_LINEAR, POLICIES, pessimistic_twin, policy_named


def test_the_id_names_the_settings_not_how_they_were_written() -> None:
    """A policy from the command line with the same values has the id of the named one."""
    assert policy_named("bybit_linear").id == BYBIT_LINEAR.id
    assert policy_named("bybit_linear", slippage_ticks=1).id == policy_named("bybit_linear", slippage_ticks=1.0).id


def test_every_setting_changes_the_id() -> None:
    """No two different sets of rules share an id."""
    changed = {
        "path": "optimistic", "maker_fee": 0.1 - 1e-9, "taker_fee": 0.01, "slippage": 0.5, "slippage_ticks": 7,
        "limit_through_ticks": 3, "volume_cap": 0.5, "latency_ms": 5, "size_at": "fill", "short_margin": "reject",
        "at_end": "keep", "liquidation": "off", "funding": "off",
    }  # fmt: skip
    assert set(changed) == set(BYBIT_LINEAR.__struct_fields__) - {"name"}
    ids = {policy_named("bybit_linear", **{name: value}).id for name, value in changed.items()}
    assert len(ids | {BYBIT_LINEAR.id}) == len(changed) + 1


def test_the_twin_differs_in_the_path_only() -> None:
    """Stops first inside a bar, everything else as it was."""
    twin = pessimistic_twin(BYBIT_LINEAR)
    assert msgspec.structs.replace(twin, name=BYBIT_LINEAR.name, path="adaptive") == BYBIT_LINEAR


def test_names_of_policies_are_their_own() -> None:
    """A policy is found under its name."""
    assert all(policy.name == name for name, policy in POLICIES.items())


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("none", {}), ("bybit_linear", {"taker_fee": 2}), ("bybit_linear", {"nothing": 1}),
        ("bybit_linear", {"latency_ms": 10**20}), ("bybit_linear", {"path": "sideways"}),
        ("bybit_linear", {"name": "mine"}), ("bybit_linear", {"maker_fee": "0.1"}),
    ],
)  # fmt: skip
def test_impossible_policies_are_refused(name: str, settings: dict[str, object]) -> None:
    """An unknown name, setting or value is an InputError, never a default."""
    with pytest.raises(InputError, match="policy"):
        policy_named(name, **settings)
