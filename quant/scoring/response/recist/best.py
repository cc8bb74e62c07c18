"""Best overall response, with and without confirmation.

References
----------
.. [1] Eisenhauer et al. 2009, doi:10.1016/j.ejca.2008.10.026, 4.4.3, Table 3, 4.6.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from quant.scoring.response.answers import RecistSettings, Response
from quant.scoring.response.derivation import Derivation

STABLE = (Response.CR, Response.PR, Response.SD, Response.NON_CR_NON_PD)
"""At least stable: what counts for the minimum time of stable disease."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response and the day (from baseline) on which it was first found."""

    day: int
    response: Response


def until_progression(answers: Sequence[Answer]) -> list[Answer]:
    """Answers up to and with the first PD; what follows it does not count."""
    found: list[Answer] = []
    for answer in answers:
        found.append(answer)
        if answer.response is Response.PD:
            break
    return found


def best_response(
    answers: Sequence[Answer],
    settings: RecistSettings,
    *,
    confirmed: bool,
    has_targets: bool = True,
) -> tuple[Response, Derivation]:
    """Find the best overall response.

    Parameters
    ----------
    answers : sequence of Answer
        In order of time, without the baseline.
    settings : RecistSettings
    confirmed : bool
        Whether CR and PR must be confirmed.
    has_targets : bool
        Without target lesions, non-CR/non-PD stands where SD would.

    Returns
    -------
    response : Response
        CR, PR, SD, non-CR/non-PD, PD or NE.
    notes : Derivation
    """
    notes = Derivation()
    used = until_progression(answers)
    if len(used) < len(answers):
        notes.say("RECIST-BEST", f"Progression on day {used[-1].day}: later time points do not "
                  "count.")  # fmt: skip
    for wanted in (Response.CR, Response.PR):
        for place, answer in enumerate(used):
            if answer.response is not wanted:
                continue
            if not confirmed:
                notes.say("RECIST-BEST", f"Best of all time points: {wanted} on day {answer.day}.")
                return wanted, notes
            day = _confirmed_on(used, place, settings)
            if day is not None:
                notes.say("RECIST-CONFIRMED", f"{wanted} on day {answer.day} is confirmed on day "
                          f"{day}, at least {settings.confirm_days} days later.")  # fmt: skip
                return wanted, notes
            notes.say("RECIST-CONFIRMED", f"{wanted} on day {answer.day} is not confirmed at "
                      f"least {settings.confirm_days} days later.")  # fmt: skip
    return _stable(used, settings, has_targets, notes), notes


def _confirmed_on(answers: Sequence[Answer], place: int, settings: RecistSettings) -> int | None:
    """Day on which a CR or PR is confirmed; None when it is not.

    Every evaluable time point until then must be as good: CR confirms CR and PR, PR only PR.
    """
    first = answers[place]
    good = (Response.CR,) if first.response is Response.CR else (Response.CR, Response.PR)
    for later in answers[place + 1 :]:
        if later.response is Response.NE and settings.confirm_through_ne:
            continue
        if later.response not in good:
            return None
        if later.day - first.day >= settings.confirm_days:
            return later.day
    return None


def _stable(
    used: Sequence[Answer],
    settings: RecistSettings,
    has_targets: bool,  # noqa: FBT001 - handed on from a keyword
    notes: Derivation,
) -> Response:
    """Stable disease if it lasted for the minimum time; else PD or NE."""
    kept = [one for one in used if one.response in STABLE]
    long = [one for one in kept if one.day >= settings.sd_min_days]
    kind = Response.SD if has_targets else Response.NON_CR_NON_PD
    if long:
        notes.say("RECIST-SD-TIME", f"At least stable on day {long[0].day}, not before day "
                  f"{settings.sd_min_days}: {kind}.")  # fmt: skip
        return kind
    if kept:
        notes.say("RECIST-SD-TIME", f"Stable or better only before day {settings.sd_min_days}: "
                  "this is too short for stable disease.")  # fmt: skip
    if used and used[-1].response is Response.PD:
        notes.say("RECIST-BEST", f"Progression on day {used[-1].day}: PD.")
        return Response.PD
    notes.say("RECIST-BEST", "No time point from which a best response follows: NE.")
    return Response.NE
