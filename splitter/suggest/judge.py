"""From evidence to a verdict. What is certain is never said of what is only likely.

Numbers counted from 1 fit into every table that has as many rows; so for integers it takes more than that all values exist: gaps in the
key that no value hits, tables that could not hold the same values, or rows that lead to the same organization from both ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from splitter.suggest.values import Candidate, Evidence, Judged, Key, Profile, Strength, Verdict

_UNLIKELY = 0.01
_FEW = 3  # different values that are too few to say much
_STRAY = 0.1  # the part that may point nowhere: at rows that are gone, or at ids that were never given
_NOBODY: Mapping[str, frozenset[str]] = {
    "integer": frozenset({"0", "-1"}),
    "numeric": frozenset({"0", "-1"}),
    "text": frozenset({"", "0"}),
    "uuid": frozenset({"00000000-0000-0000-0000-000000000000"}),
}
_TELLING = 8  # characters from which on a text is not met by chance


def weigh(
    candidate: Candidate,
    pairs: Sequence[tuple[str, str | None]],
    owners: Mapping[str, str | None],
    profiles: Mapping[Key, Profile],
) -> Evidence:
    """``pairs``: the sampled ids, each with the organization of its row; ``owners``: the ids that exist, with that of theirs.

    ``profiles`` are those of integer keys, this one's among them.
    """
    kind = candidate.key.kind
    values = {text for text, _ in pairs}
    nobody = {text for text in values & _NOBODY.get(kind, frozenset()) if text not in owners}
    values -= nobody
    found = values & owners.keys()
    evidence = Evidence(
        values=len(values),
        found=len(found),
        rows=sum(text in values for text, _ in pairs),
        resolved=sum(text in found for text, _ in pairs),
        none_values=tuple(sorted(int(text) if kind in ("integer", "numeric") else text for text in nobody if text)),
        chance=_chance(found) if kind != "integer" else 1.0,
    )
    if kind == "integer" and values:
        evidence = _weigh_numbers(evidence, candidate, [int(text) for text in values], [int(text) for text in values - found], profiles)
    return _weigh_owners(evidence, pairs, owners)


def _chance(found: Collection[str]) -> float:
    """Of texts and uuids: none where they are long enough, or several."""
    return 0.0 if len(found) >= _FEW or any(len(text) >= _TELLING for text in found) else 1.0


def _weigh_numbers(
    evidence: Evidence, candidate: Candidate, values: list[int], missing: list[int], profiles: Mapping[Key, Profile]
) -> Evidence:
    own = profiles.get(candidate.key)
    if own is None:
        return evidence
    others = [profile for key, profile in profiles.items() if key != candidate.key]
    rivals = sum(_would_hold(profile, values) for profile in others)
    return replace(
        evidence,
        chance=own.density ** len(values),
        beyond=sum(not own.low <= value <= own.high for value in missing),
        rivals=rivals,
        others=len(others),
    )


def _would_hold(profile: Profile, values: list[int]) -> bool:
    return profile.low <= min(values) and max(values) <= profile.high and profile.density ** len(values) >= 0.5


def _weigh_owners(evidence: Evidence, pairs: Iterable[tuple[str, str | None]], owners: Mapping[str, str | None]) -> Evidence:
    known = [(mine, theirs) for text, mine in dict.fromkeys(pairs) if mine is not None and (theirs := owners.get(text)) is not None]
    agreeing = sum(mine == theirs for mine, theirs in known)
    shares = Counter(mine for mine, _ in known), Counter(theirs for _, theirs in known)
    alike = sum(count * shares[1][owner] for owner, count in shares[0].items()) / (len(known) ** 2) if known else 1.0
    return replace(evidence, agreeing=agreeing, strangers=len(known) - agreeing, luck=alike)


def judge(candidate: Candidate, evidence: Evidence | None, *, looked: bool = True) -> Judged:
    """``evidence`` None: nothing was looked at; ``looked`` tells whether there was a database to look into."""
    if evidence is None:
        why = "its rows could not be looked at" if looked else "by name and type alone"
        return _by_name(candidate, why)
    if not evidence.values:
        return replace(_by_name(candidate, "no row has a value"), none_values=evidence.none_values)
    verdict = _verdict(candidate, evidence)
    return Judged(
        candidate=candidate,
        verdict=verdict,
        why=f"{candidate.why}; {describe(evidence)}",
        none_values=evidence.none_values,
        proven=verdict is Verdict.PROPOSED and _is_proven(candidate, evidence),
    )


def _by_name(candidate: Candidate, why: str) -> Judged:
    verdict = Verdict.PROPOSED if candidate.strength >= Strength.LIKELY else Verdict.UNDECIDED
    return Judged(candidate=candidate, verdict=verdict, why=f"{why}: {candidate.why}")


def _verdict(candidate: Candidate, evidence: Evidence) -> Verdict:
    named = candidate.strength >= Strength.LIKELY
    missing = _is_missing(candidate, evidence)
    if missing or _leads_to_strangers(evidence):
        # one or two values are not enough against a whole name, nor are strangers whose ids all exist: some rows are everybody's
        doubtful = candidate.strength is Strength.SURE and (evidence.values < _FEW or not missing)
        return Verdict.UNDECIDED if doubtful else Verdict.DROPPED
    if _is_proven(candidate, evidence):
        return Verdict.PROPOSED
    if candidate.strength is Strength.NONE or (evidence.beyond > _STRAY * evidence.values and not named):
        return Verdict.DROPPED
    return Verdict.PROPOSED if named and evidence.resolved >= (1 - _STRAY) * evidence.rows else Verdict.UNDECIDED


def _is_missing(candidate: Candidate, evidence: Evidence) -> bool:
    """Most ids exist nowhere; unless they are of a kind of which some exist by no chance, and the others may be gone."""
    many = candidate.key.kind != "integer" and evidence.chance < _UNLIKELY and evidence.found >= _FEW
    return evidence.found < 0.5 * evidence.values and not many


def _leads_to_strangers(evidence: Evidence) -> bool:
    """As often as chance would have it."""
    known = evidence.agreeing + evidence.strangers
    return known >= _FEW and evidence.luck < 0.9 and evidence.strangers > 0.5 * (1 - evidence.luck) * known


def _is_proven(candidate: Candidate, evidence: Evidence) -> bool:
    """Chance is ruled out, and most values exist."""
    if evidence.found < 0.5 * evidence.values:
        return False
    if evidence.chance < _UNLIKELY and (candidate.key.kind != "integer" or evidence.found == evidence.values):
        return True
    together = evidence.strangers == 0 and evidence.luck**evidence.agreeing < _UNLIKELY
    alone = evidence.others >= 10 and evidence.rivals == 0 and evidence.found == evidence.values >= _FEW
    return candidate.strength > Strength.NONE and (together or alone)


def describe(evidence: Evidence) -> str:
    """The numbers, in words."""
    said = [f"{evidence.found} of {evidence.values} sampled values exist there"]
    if evidence.rows > evidence.values and evidence.resolved < evidence.rows:
        said.append(f"{evidence.resolved} of {evidence.rows} with those that occur twice")
    if evidence.beyond:
        said.append(f"{evidence.beyond} of the others {'is' if evidence.beyond == 1 else 'are'} outside of all its ids")
    known = evidence.agreeing + evidence.strangers
    if known and evidence.luck < 1:
        said.append(f"{evidence.agreeing} of {known} lead to the row's own organization (by chance {evidence.luck:.0%})")
    if evidence.others and evidence.found:
        said.append(f"{evidence.rivals} of {evidence.others} other tables have all these numbers too")
    return "; ".join(said)
