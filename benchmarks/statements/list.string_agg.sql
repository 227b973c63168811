SELECT '{"data":{"themes":{"nodes":[' || coalesce((
  SELECT string_agg('{"id":"' || t.id || '","title":' || to_json(t.title) || ',"courses":{"nodes":[' || coalesce((
    SELECT string_agg(
      '{"id":"' || c.id || '","title":' || to_json(c.title) || ',"summary":' || to_json(c.summary) || '}',
      ',' ORDER BY c.position, c.id)
    FROM (
      SELECT id, title, summary, position FROM course
      WHERE theme_id = t.id AND stage = 'live' ORDER BY position, id LIMIT :courses
    ) AS c
  ), '') || ']}}', ',' ORDER BY t.position, t.id)
  FROM (SELECT id, title, position FROM theme WHERE stage = 'live' ORDER BY position, id LIMIT :themes) AS t
), '') || ']}}}';
