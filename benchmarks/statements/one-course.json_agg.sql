SELECT json_build_object('data', json_build_object('course', (
  SELECT json_build_object('id', id, 'slug', slug, 'title', title, 'summary', summary)
  FROM course WHERE slug = :slug AND stage = 'live'
)));
