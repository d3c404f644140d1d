"""Levels of `benchmarks.lines`, as its page reads them."""

from benchmarks.lines import Level
from benchmarks.lines_heard import Prompts


def a_level(who: str, lines: int, *, cpu: float = 0.3) -> Level:
    """A level at which the agents used `cpu` percent of a core for each line."""
    return Level(
        who=who,
        lines=lines,
        answered=lines,
        answer_ms_p50=9.0,
        answer_ms_p99=None,
        complete_min=1.0,
        complete_mean=1.0,
        recordings=lines,
        prompts=Prompts(callers=1, sent=50, heard=49, gaps_ms=(40.0,)),
        cpu_percent_per_line=1.5,
        agents_cpu_percent_per_line=cpu,
        pss_mb_per_line=6.0,
        agents_pss_mb_per_line=5.0,
        use={},
        window_s=20.0,
        load=0.5,
    )
