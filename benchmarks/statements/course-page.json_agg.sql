SELECT json_build_object('data', json_build_object('course', (
  SELECT json_build_object('id', course.id, 'title', course.title, 'summary', course.summary, 'modules', (
    SELECT coalesce(json_agg(module), '[]') FROM (
      SELECT json_build_object('id', m.id, 'title', m.title, 'lessons', (
        SELECT coalesce(json_agg(lesson), '[]') FROM (
          SELECT json_build_object('id', l.id, 'title', l.title, 'blocks', (
            SELECT coalesce(json_agg(block), '[]') FROM (
              SELECT json_build_object('id', b.id, 'format', upper(b.format), 'html', b.body_html) AS block
              FROM block b WHERE b.lesson_id = l.id AND b.stage = 'live' ORDER BY b.position, b.id
            ) AS blocks
          )) AS lesson
          FROM lesson l WHERE l.module_id = m.id AND l.stage = 'live' ORDER BY l.position, l.id
        ) AS lessons
      )) AS module
      FROM module m WHERE m.course_id = course.id AND m.stage = 'live' ORDER BY m.position, m.id
    ) AS modules
  ))
  FROM course WHERE course.slug = :slug AND course.stage = 'live'
)));
