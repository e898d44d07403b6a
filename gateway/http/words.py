"""Bounds on words: long names are compared with every name of the graph, and long numbers are no numbers of it."""

from graphql import DocumentNode, TokenKind

from domain.errors import ErrorCode
from gateway.http.refusals import bad_document

LONGEST_NAME = 100
LONGEST_NUMBER = 40
_MOST = {TokenKind.NAME: LONGEST_NAME, TokenKind.INT: LONGEST_NUMBER, TokenKind.FLOAT: LONGEST_NUMBER}


def check_words(document: DocumentNode) -> None:
    """Raise Refusal for a name or a number that is too long. Each word of the document is looked at once."""
    token = document.loc.start_token if document.loc else None
    while token is not None:
        if len(token.value or "") > _MOST.get(token.kind, 1_000_000):
            raise bad_document("WORD", ErrorCode.TOO_COMPLEX)
        token = token.next
