"""Documents that a process keeps."""

from graphql import DocumentNode, FieldNode, OperationDefinitionNode, TokenKind, get_location, parse

from gateway.graphql.documents import PreparedDocument

QUERY = "query Own {\n  viewer {\n    name\n  }\n}\n"


def name_field(document: DocumentNode) -> FieldNode:
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    viewer = operation.selection_set.selections[0]
    assert isinstance(viewer, FieldNode)
    assert viewer.selection_set is not None
    name = viewer.selection_set.selections[0]
    assert isinstance(name, FieldNode)
    return name


def test_a_document_that_is_kept_holds_no_words_of_its_text():
    field = name_field(PreparedDocument(parse(QUERY), ()).document)

    assert field.loc is not None
    assert (field.loc.start_token.kind, field.loc.start_token.next) == (TokenKind.SOF, None)


def test_a_document_that_is_kept_still_knows_where_each_field_stands():
    field = name_field(PreparedDocument(parse(QUERY), ()).document)

    assert field.loc is not None
    assert get_location(field.loc.source, field.loc.start) == (3, 5)
