"""The curriculum in the API: types, their arguments, queries, mutations."""
