"""Why a record may be refused; each text is one sentence for whoever wanted to make it."""

from collections.abc import Mapping, Sequence

from app.cases.refusals import CaseRefusal


class RecordRefusal(CaseRefusal):
    """A record is refused; nothing has changed."""


class WrongRecord(RecordRefusal):
    """What is to be recorded cannot be so; `errors` says what is wrong with each member."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__(f"see errors for what to change in {', '.join(sorted(errors))}")
        self.errors = errors


class NoSuchInteraction(RecordRefusal):
    """There is no such interaction."""

    def __init__(self, interaction_id: int) -> None:
        super().__init__(f"there is no interaction {interaction_id}")


class NoSuchAction(RecordRefusal):
    """There is no such action."""

    def __init__(self, action_id: int) -> None:
        super().__init__(f"there is no action {action_id}")


class NoSuchEvaluation(RecordRefusal):
    """There is no such evaluation."""

    def __init__(self, evaluation_id: int) -> None:
        super().__init__(f"there is no evaluation {evaluation_id}")


class IdTaken(RecordRefusal):
    """Something else was recorded under this id of the platform."""

    def __init__(self, external_id: str) -> None:
        super().__init__(f"something else was recorded as {external_id}; send the same body again, or use another id")


class AlreadyCorrected(RecordRefusal):
    """The interaction was corrected meanwhile."""

    def __init__(self, interaction_id: int) -> None:
        super().__init__(f"interaction {interaction_id} was already corrected: correct the record that replaces it")


class StepTaken(RecordRefusal):
    """The action has taken this step already."""


class StepTooEarly(RecordRefusal):
    """The action lacks a step that must come before."""


class SamePerson(RecordRefusal):
    """Whoever reviewed an action cannot decide about a contest of it."""

    def __init__(self, action_id: int) -> None:
        super().__init__(f"you reviewed action {action_id} yourself: another person must decide about the contest")


class AlreadyDecided(RecordRefusal):
    """Somebody has decided about the evaluation."""

    def __init__(self, evaluation_id: int) -> None:
        super().__init__(f"somebody has already decided about evaluation {evaluation_id}")
