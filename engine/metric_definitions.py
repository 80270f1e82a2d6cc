"""What every figure means: its definition id, one sentence, its unit, and where the formula comes from.

A figure without its definition is a rumour: the sign of a Sharpe ratio depends on the library that made it.
The id changes whenever the number would.  `docs/metrics.md` is `as_markdown()` and a test holds it to that.
This file is long because it is a glossary: one entry per figure.
"""

from typing import Literal

import msgspec

Unit = Literal["ratio", "percent", "quote", "ms", "bars", "count", "flag"]

UNITS: dict[str, str] = {
    "ratio": "plain number; 0.1 is 10 %",
    "percent": "percent; 10 is 10 %",
    "quote": "quote currency of the account",
    "ms": "milliseconds",
    "bars": "bars of the finest timeframe",
    "count": "whole number",
    "flag": "true or false",
}


class Definition(msgspec.Struct, frozen=True):
    """`title` is for people, `id` for comparing; `sentence` says how it is computed and when undefined."""

    title: str
    id: str
    unit: Unit
    sentence: str
    source: str


# In formulas p is the profit of a trade in quote currency, after fees and funding; q is p / (entry price x
# largest quantity), its return on entry notional.
# fmt: off
DEFINITIONS: dict[str, Definition] = {
    "total_return": Definition(
        "Total return", "total_return.v1", "ratio",
        "Last equity / starting capital - 1.",
        "every library",
    ),
    "cagr": Definition(
        "Annual growth (CAGR)", "cagr.365_25.v1", "ratio",
        "(last equity / capital)^(1/T) - 1; T is the time from the opening of the first bar to the close "
        "of the last in years of 365.25 days. Undefined below 30 days; -1 when nothing is left.",
        "backtesting.py (which counts from first to last bar opening, one bar less)",
    ),
    "buy_hold_return": Definition(
        "Buy and hold", "buy_hold.open_close.v1", "ratio",
        "Last close / first open - 1 of the first market, without fees; undefined when no market is given.",
        "backtesting.py (which starts after the warm-up)",
    ),
    "volatility": Definition(
        "Volatility (annual)", "volatility.daily365.ddof1.v1", "ratio",
        "Standard deviation (n - 1) of the daily returns x sqrt(365). Undefined below two returns.",
        "empyrical annual_volatility(annualization=365)",
    ),
    "sharpe": Definition(
        "Sharpe ratio", "sharpe.daily365.arith.v1", "ratio",
        "Mean of the daily returns / their standard deviation (n - 1) x sqrt(365), risk-free rate 0. "
        "Undefined when the deviation is 0.",
        "empyrical sharpe_ratio(annualization=365), quantstats(periods=365)",
    ),
    "sortino": Definition(
        "Sortino ratio", "sortino.daily365.target0.v1", "ratio",
        "Mean of the daily returns / sqrt(mean of min(r, 0)^2 over all days) x sqrt(365). Undefined "
        "without a losing day.",
        "empyrical sortino_ratio(annualization=365), quantstats",
    ),
    "psr": Definition(
        "Probabilistic Sharpe ratio", "psr.daily.benchmark0.v1", "ratio",
        "Probability that the true Sharpe ratio is above 0: normal cdf of S sqrt(n - 1) / sqrt(1 - g3 S + "
        "(g4 - 1)/4 S^2) with the daily Sharpe S, skewness g3 and kurtosis g4 (population moments, normal "
        "= 3).",
        "Bailey and Lopez de Prado 2012, The Sharpe ratio efficient frontier",
    ),
    "max_drawdown": Definition(
        "Max drawdown", "max_drawdown.finest.v1", "ratio",
        "Largest 1 - equity / highest equity so far, on every finest bar; the starting capital is the "
        "first peak.",
        "backtesting.py (which prints it negative)",
    ),
    "max_drawdown_daily": Definition(
        "Max drawdown (daily)", "max_drawdown.daily.v1", "ratio",
        "The same on the daily equity.",
        "empyrical max_drawdown, quantstats (both negative)",
    ),
    "max_drawdown_duration_ms": Definition(
        "Longest drawdown", "drawdown_duration.peak_to_recovery.v1", "ms",
        "Longest time from the last bar at a peak to the first bar that reaches it again; one that never "
        "recovers counts to the last bar. 0 when there was no drawdown.",
        "backtesting.py",
    ),
    "max_drawdown_duration_open": Definition(
        "Longest drawdown still open", "drawdown_duration.open.v1", "flag",
        "True if the longest drawdown had not recovered at the end.",
        "own",
    ),
    "ulcer_index": Definition(
        "Ulcer index", "ulcer.finest.percent.v1", "percent",
        "sqrt(mean of D^2), D the drawdown in percent at every finest bar.",
        "Martin 1987; quantstats divides by n - 1 and works on days",
    ),
    "calmar": Definition(
        "Calmar ratio", "calmar.cagr.finest.v1", "ratio",
        "CAGR / max drawdown on the finest bars. Undefined without drawdown or CAGR.",
        "every library, up to its CAGR; not freqtrade",
    ),
    "trades": Definition(
        "Trades", "trades.v1", "count",
        "Positions from flat to flat, those closed at the end of data included.",
        "own",
    ),
    "longs": Definition(
        "Long trades", "longs.v1", "count",
        "Trades on the long side.",
        "own",
    ),
    "shorts": Definition(
        "Short trades", "shorts.v1", "count",
        "Trades on the short side.",
        "own",
    ),
    "wins": Definition(
        "Wins", "wins.net.v1", "count",
        "Trades with p > 0; p = 0 is neither win nor loss.",
        "backtesting.py",
    ),
    "losses": Definition(
        "Losses", "losses.net.v1", "count",
        "Trades with p < 0.",
        "backtesting.py",
    ),
    "win_rate": Definition(
        "Win rate", "win_rate.of_closed.v1", "ratio",
        "Wins / trades. Undefined without a trade.",
        "backtesting.py",
    ),
    "profit_factor": Definition(
        "Profit factor", "profit_factor.quote.v1", "ratio",
        "Sum of winning p / |sum of losing p|, in quote currency. Undefined without a loss.",
        "jesse, freqtrade; backtesting.py sums percentages instead, quantstats daily returns",
    ),
    "expectancy": Definition(
        "Expectancy", "expectancy.quote.v1", "quote",
        "Win rate x mean win - loss rate x mean loss; equals the mean p.",
        "freqtrade",
    ),
    "expectancy_percent": Definition(
        "Expectancy", "expectancy.percent.notional.v1", "percent",
        "Mean of q.",
        "backtesting.py Expectancy [%]",
    ),
    "expectancy_ratio": Definition(
        "Expectancy ratio", "expectancy.ratio.v1", "ratio",
        "(1 + mean win / mean loss) x win rate - 1. Undefined without a win or without a loss.",
        "freqtrade",
    ),
    "avg_trade": Definition(
        "Average trade", "avg_trade.quote.arith.v1", "quote",
        "Arithmetic mean of p.",
        "arithmetic mean",
    ),
    "avg_trade_percent": Definition(
        "Average trade", "avg_trade.percent.arith.v1", "percent",
        "Arithmetic mean of q.",
        "arithmetic mean; backtesting.py prints the geometric one",
    ),
    "avg_win": Definition(
        "Average win", "avg_win.quote.v1", "quote",
        "Mean p of the wins.",
        "arithmetic mean",
    ),
    "avg_loss": Definition(
        "Average loss", "avg_loss.quote.v1", "quote",
        "Mean p of the losses (negative).",
        "arithmetic mean",
    ),
    "best_trade_percent": Definition(
        "Best trade", "best_trade.percent.v1", "percent",
        "Largest q.",
        "backtesting.py",
    ),
    "worst_trade_percent": Definition(
        "Worst trade", "worst_trade.percent.v1", "percent",
        "Smallest q.",
        "backtesting.py",
    ),
    "sqn": Definition(
        "System quality (SQN)", "sqn.quote.ddof1.uncapped.v1", "ratio",
        "sqrt(trades) x mean(p) / standard deviation (n - 1) of p, without Van Tharp's cap at 100 trades.",
        "backtesting.py",
    ),
    "low_count": Definition(
        "Few trades", "low_count.30.v1", "flag",
        "True below 30 trades: trade statistics say little.",
        "Van Tharp",
    ),
    "kelly": Definition(
        "Kelly fraction", "kelly.quote.v1", "ratio",
        "W - (1 - W) / (mean win / mean loss), W the win rate. Shown, never applied. Undefined without a "
        "win or a loss.",
        "backtesting.py; quantstats uses daily returns",
    ),
    "exposure_time": Definition(
        "Exposure time", "exposure.bars.union.v1", "ratio",
        "Bars from entry bar to exit bar, both included, united over all trades / all bars.",
        "backtesting.py Exposure Time",
    ),
    "mean_leverage": Definition(
        "Mean leverage", "mean_leverage.entry_notional.v1", "ratio",
        "Sum of entry notional x bars held (at least one) over all trades / sum of equity over all bars.",
        "own",
    ),
    "avg_bars_in_trade": Definition(
        "Average bars in trade", "avg_bars.v1", "bars",
        "Mean of exit bar - entry bar.",
        "arithmetic mean",
    ),
    "avg_ms_in_trade": Definition(
        "Average time in trade", "avg_duration.bar_opening.v1", "ms",
        "Mean of exit time - entry time, both taken as the opening instants of their bars.",
        "backtesting.py Avg. Trade Duration",
    ),
    "fees_paid": Definition(
        "Fees paid", "fees_paid.v1", "quote",
        "Sum of the fees of all trades.",
        "own",
    ),
    "funding_paid": Definition(
        "Funding paid", "funding_paid.v1", "quote",
        "Funding paid - funding received; negative is income.",
        "own",
    ),
    "turnover": Definition(
        "Turnover", "turnover.quote.v1", "quote",
        "Sum over all trades of largest quantity x (entry price + exit price).",
        "own",
    ),
    "liquidations": Definition(
        "Liquidations", "liquidations.v1", "count",
        "Trades closed by the exchange.",
        "own",
    ),
    "final_equity": Definition(
        "Final equity", "final_equity.v1", "quote",
        "Equity at the close of the last bar.",
        "own",
    ),
    "peak_equity": Definition(
        "Peak equity", "peak_equity.v1", "quote",
        "Highest equity at a close, at least the capital.",
        "backtesting.py",
    ),
}
# fmt: on

_INTRO = """\
# Metrics

<!-- made by engine.metric_definitions.as_markdown(); change it there -->

Every figure of a result names its definition by id; the id changes whenever the number would. Undefined
is `null`, never 0, -1 or infinity.

**Equity** is the account marked to market after fees and funding, one value at the close of every finest
bar. The starting capital stands before the first bar, at its opening.

**Daily equity** is the starting capital, then the last equity at or before every 00:00 UTC after the
opening of the first bar, then the last equity of all if the last bar does not close at midnight. A day
without bars repeats the day before (return 0). First and last day may be parts of a day, so the daily
returns compound exactly to the total return. Where bars are a day or longer, every bar is one point of
the series, and the factor 365 is divided by the days of a bar. In pandas the series is the capital,
followed by `equity.resample("1D").last().ffill()` of the equity indexed by the *opening* instants of the
bars. The daily returns r are its relative changes; `empyrical` with `annualization=365` on r gives the
same Sharpe ratio, Sortino ratio and volatility. Daily figures except the drawdown are undefined if equity
is 0 or less at the end of any day but the last.

**Percent and ratio**: names ending in `_percent` and the ulcer index are percent, every other rate is a
ratio (0.1 is 10 %). In formulas p is the profit of a trade in quote currency after fees and funding, and
q is p / (entry price x largest quantity), its return on entry notional. The divisors of standard
deviations are n - 1.

"""


def as_markdown() -> str:
    """The page docs/metrics.md."""
    lines = [_INTRO + "| metric | title | unit | definition | source | id |", "|---|---|---|---|---|---|"]
    for name, d in DEFINITIONS.items():
        sentence = d.sentence.replace("|", "\\|")
        lines.append(f"| `{name}` | {d.title} | {d.unit} | {sentence} | {d.source} | `{d.id}` |")
    lines += ["", "Units: " + "; ".join(f"*{unit}* = {text}" for unit, text in UNITS.items()) + ".", ""]
    return "\n".join(lines)
