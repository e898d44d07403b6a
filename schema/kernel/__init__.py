"""What every noun of the graph stands on: context, paging, errors, directives, mutations."""
