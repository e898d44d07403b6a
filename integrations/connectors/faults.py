"""What is wrong with a connector's file: the place, the rule and what to do."""


class ConnectorFault(ValueError):
    """The file cannot be used. `line` counts from 1; `rule` and `remedy` are a sentence each and show no secret."""

    def __init__(self, line: int, rule: str, remedy: str) -> None:
        super().__init__(f"line {line}: {rule}. {remedy}")
        self.line = line
        self.rule = rule
        self.remedy = remedy


class RuleBroken(ValueError):
    """A value breaks a rule; whoever knows the line makes a ConnectorFault of it."""

    def __init__(self, rule: str, remedy: str) -> None:
        super().__init__(rule)
        self.rule = rule
        self.remedy = remedy
