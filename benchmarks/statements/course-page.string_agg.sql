SELECT '{"data":{"course":' || coalesce((
  SELECT '{"id":"' || c.id || '","title":' || to_json(c.title) || ',"summary":' || to_json(c.summary) || ',"modules":['
    || coalesce((
      SELECT string_agg('{"id":"' || m.id || '","title":' || to_json(m.title) || ',"lessons":[' || coalesce((
        SELECT string_agg('{"id":"' || l.id || '","title":' || to_json(l.title) || ',"blocks":[' || coalesce((
          SELECT string_agg(
            '{"id":"' || b.id || '","format":"' || upper(b.format) || '","html":' || to_json(b.body_html) || '}',
            ',' ORDER BY b.position, b.id)
          FROM block b WHERE b.lesson_id = l.id AND b.stage = 'live'
        ), '') || ']}', ',' ORDER BY l.position, l.id)
        FROM lesson l WHERE l.module_id = m.id AND l.stage = 'live'
      ), '') || ']}', ',' ORDER BY m.position, m.id)
      FROM module m WHERE m.course_id = c.id AND m.stage = 'live'
    ), '') || ']}'
  FROM course c WHERE c.slug = :slug AND c.stage = 'live'
), 'null') || '}}';
