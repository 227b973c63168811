SELECT '{"data":{"course":' || coalesce((
  SELECT '{"id":"' || id || '","slug":' || to_json(slug) || ',"title":' || to_json(title)
    || ',"summary":' || to_json(summary) || '}'
  FROM course WHERE slug = :slug AND stage = 'live'
), 'null') || '}}';
