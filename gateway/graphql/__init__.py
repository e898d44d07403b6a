"""The pipeline of a GraphQL request: documents, cost, trusted documents, execution."""
