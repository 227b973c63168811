SELECT json_build_object('data', json_build_object('course', (
  SELECT json_build_object('position', course.position, 'modules', (
    SELECT coalesce(json_agg(module), '[]') FROM (
      SELECT json_build_object('position', m.position, 'lessons', (
        SELECT coalesce(json_agg(lesson), '[]') FROM (
          SELECT json_build_object(
            'id', l.id, 'title', l.title, 'slug', l.slug, 'minutes', l.minutes, 'isPreview', l.is_preview,
            'isRequired', l.is_required, 'completionRule', upper(l.completion_rule), 'position', l.position,
            'revision', l.revision, 'createdAt', l.created_at, 'updatedAt', l.updated_at, 'blocks', (
              SELECT coalesce(json_agg(block), '[]') FROM (
                SELECT CASE b.format WHEN 'multiple_choice' THEN json_build_object(
                  '__typename', 'MultipleChoiceQuestion', 'id', b.id, 'format', upper(b.format),
                  'position', b.position, 'revision', b.revision, 'title', b.title, 'markdown', b.body,
                  'html', b.body_html, 'plainText', b.body_text, 'points', b.points, 'isRequired', b.is_required,
                  'hints', b.settings -> 'hints', 'shuffle', b.settings -> 'shuffle',
                  'display', upper(b.settings ->> 'display'), 'choices', (
                    SELECT json_agg(json_build_object('id', choice -> 'id', 'text', choice -> 'text'))
                    FROM jsonb_array_elements(b.settings -> 'choices') AS choice
                  )
                ) ELSE json_build_object(
                  '__typename', 'TextBlock', 'id', b.id, 'format', upper(b.format),
                  'position', b.position, 'revision', b.revision, 'title', b.title, 'markdown', b.body,
                  'html', b.body_html, 'plainText', b.body_text, 'points', b.points, 'isRequired', b.is_required
                ) END AS block
                FROM block b WHERE b.lesson_id = l.id AND b.stage = 'live' ORDER BY b.position, b.id
              ) AS blocks
            )
          ) AS lesson
          FROM lesson l WHERE l.module_id = m.id AND l.stage = 'live' ORDER BY l.position, l.id
        ) AS lessons
      )) AS module
      FROM module m WHERE m.course_id = course.id AND m.stage = 'live' ORDER BY m.position, m.id
    ) AS modules
  ))
  FROM course WHERE course.slug = :slug AND course.stage = 'live'
)));
