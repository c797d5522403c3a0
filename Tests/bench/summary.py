"""Samples of a run, summed up: pure functions, for the tables and the chart."""
import statistics

WAYS = ["coord by files", "coord by service", "flock wrapper"]


def select(samples, part, unit=None, row=None, way=None):
    return [
        s for s in samples
        if s["part"] == part and (unit is None or s["unit"] == unit) and (row is None or s["row"] == row)
        and (way is None or s["way"] == way)]


def in_order(words):
    """Each once, as they came."""
    return list(dict.fromkeys(words))


def short(value):
    """A number with two or three figures that count."""
    if value >= 99.95:
        return f"{value:,.0f}"
    if value >= 9.995:
        return f"{value:.0f}" if value == int(value) else f"{value:.1f}"
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}"


def summary(sample):
    """(lowest, median, highest that count): 2.5 % to 97.5 % of many, all of few. Where one did not come in time, that is infinite."""
    values = sorted(float("inf") if v is None else v for v in sample["values"])
    cut = len(values) // 40
    return values[cut], statistics.median(values), values[-1 - cut]


def is_late(sample):
    """Whether the median did not come within the bound."""
    return summary(sample)[1] == float("inf")


def words(sample):
    """`median (lowest–highest)`."""
    def one(value):
        return f"> {sample['bound']}" if value == float("inf") else short(value)
    low, middle, high = map(one, summary(sample))
    return middle if low == high or len(sample["values"]) == 1 else f"{middle} ({low}–{high})"


def median(samples, *where, **more):
    """The median of the one sample that is meant; None where it was not measured."""
    found = select(samples, *where, **more)
    return summary(found[0])[1] if found else None


def worse(samples, ahead="flock wrapper", behind="coord by files"):
    """Where one way's median is clearly lower than the other's: (part, row, unit, lower, higher)."""
    for s in samples:
        if s["way"] == behind and s["unit"] not in ("jobs", "ratio", "s, dead"):
            other = median(samples, s["part"], s["unit"], s["row"], ahead)
            mine = summary(s)[1]
            if other is not None and other < 0.9 * mine:
                yield s["part"], s["row"], s["unit"], other, mine
