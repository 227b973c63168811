SELECT json_build_object('data', json_build_object('themes', json_build_object('nodes', (
  SELECT coalesce(json_agg(theme), '[]') FROM (
    SELECT json_build_object('id', t.id, 'title', t.title, 'courses', json_build_object('nodes', (
      SELECT coalesce(json_agg(course), '[]') FROM (
        SELECT json_build_object('id', c.id, 'title', c.title, 'summary', c.summary) AS course
        FROM course c WHERE c.theme_id = t.id AND c.stage = 'live' ORDER BY c.position, c.id LIMIT :courses
      ) AS courses
    ))) AS theme
    FROM theme t WHERE t.stage = 'live' ORDER BY t.position, t.id LIMIT :themes
  ) AS themes
))));
