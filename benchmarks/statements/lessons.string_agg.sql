SELECT '{"data":{"course":' || coalesce((
  SELECT '{"position":' || course.position || ',"modules":[' || coalesce((
    SELECT string_agg('{"position":' || m.position || ',"lessons":[' || coalesce((
      SELECT string_agg(
        '{"id":"' || l.id || '","title":' || to_json(l.title) || ',"slug":' || to_json(l.slug)
          || ',"minutes":' || coalesce(l.minutes::text, 'null') || ',"isPreview":' || l.is_preview::text
          || ',"isRequired":' || l.is_required::text || ',"completionRule":"' || upper(l.completion_rule)
          || '","position":' || l.position || ',"revision":' || l.revision || ',"createdAt":' || to_json(l.created_at)
          || ',"updatedAt":' || to_json(l.updated_at) || ',"blocks":[' || coalesce((
            SELECT string_agg(
              '{"__typename":"' || CASE b.format WHEN 'multiple_choice' THEN 'MultipleChoiceQuestion' ELSE 'TextBlock' END
                || '","id":"' || b.id || '","format":"' || upper(b.format) || '","position":' || b.position
                || ',"revision":' || b.revision || ',"title":' || coalesce(to_json(b.title)::text, 'null')
                || ',"markdown":' || to_json(b.body) || ',"html":' || to_json(b.body_html)
                || ',"plainText":' || to_json(b.body_text) || ',"points":' || b.points
                || ',"isRequired":' || b.is_required::text || CASE b.format WHEN 'multiple_choice' THEN
                  ',"hints":' || (b.settings -> 'hints')::text || ',"shuffle":' || (b.settings -> 'shuffle')::text
                  || ',"display":"' || upper(b.settings ->> 'display') || '","choices":[' || (
                    SELECT string_agg(
                      '{"id":' || (choice -> 'id')::text || ',"text":' || (choice -> 'text')::text || '}', ',')
                    FROM jsonb_array_elements(b.settings -> 'choices') AS choice
                  ) || ']' ELSE '' END || '}',
              ',' ORDER BY b.position, b.id)
            FROM block b WHERE b.lesson_id = l.id AND b.stage = 'live'
          ), '') || ']}', ',' ORDER BY l.position, l.id)
      FROM lesson l WHERE l.module_id = m.id AND l.stage = 'live'
    ), '') || ']}', ',' ORDER BY m.position, m.id)
    FROM module m WHERE m.course_id = course.id AND m.stage = 'live'
  ), '') || ']}'
  FROM course WHERE course.slug = :slug AND course.stage = 'live'
), 'null') || '}}';
