"""The GraphQL floor: schema, door, errors, paging, scalars, and one file per domain."""
