"""The one list of problem codes: what each is about is written in `docs/issues.md`, what triggers it in the tests."""

from typing import Literal, NamedTuple

from engine.issue import Phase

PHASES: tuple[Phase, ...] = ("structure", "types", "params", "time", "data", "risk", "runtime")
MODES = ("backtest", "dry_run", "live")


class Code(NamedTuple):
    """Where a problem belongs and how bad it is unless the finder says otherwise."""

    phase: Phase
    severity: Literal["error", "warning"] = "error"


CODES: dict[str, Code] = {
    "empty_graph": Code("structure"),
    "bad_id": Code("structure"),
    "duplicate_id": Code("structure"),
    "unknown_node_type": Code("structure"),
    "unknown_node_version": Code("structure"),
    "outdated_version": Code("structure"),
    "dangling_edge": Code("structure"),
    "duplicate_edge": Code("structure"),
    "duplicate_input": Code("structure"),
    "unknown_port": Code("structure"),
    "missing_input": Code("structure"),
    "bad_interface": Code("structure"),
    "cycle": Code("structure"),
    "loop_needs_history": Code("structure"),
    "muted_needed": Code("structure"),
    "cannot_bypass": Code("structure"),
    "no_order_output": Code("structure"),
    "unreachable_node": Code("structure", "warning"),
    "type_mismatch": Code("types"),
    "unknown_param": Code("params"),
    "missing_param": Code("params"),
    "bad_param_type": Code("params"),
    "param_out_of_range": Code("params"),
    "param_not_in_list": Code("params"),
    "bad_param": Code("params"),
    "bad_parameter": Code("params"),
    "time_mismatch": Code("time"),
    "data_missing": Code("data"),
    "warmup_too_long": Code("data"),
    "several_order_writers": Code("risk"),
    "missing_stop": Code("risk"),
    "risk_node_off": Code("risk"),
    "secret_in_params": Code("risk"),
    "mode_not_supported": Code("risk"),
}
