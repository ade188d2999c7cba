-- What :user said and gave, and what moderators did about it; the newest :n,
-- oldest first. A message that was deleted says by whom.
SELECT e.ts, coalesce(e.room, '*') AS room, e.type,
	CASE e.type
	WHEN 'chat' THEN e.message
	WHEN 'gift' THEN e.amount || ' of gift ' || e.gift_id
	ELSE coalesce('by ' || e.moderator, '') ||
		coalesce(' until ' || e.until, '')
	END AS what,
	CASE WHEN e.toxic = 1 THEN 'toxic ' ELSE '' END ||
	CASE WHEN e.blocked = 1 THEN 'blocked ' ELSE '' END ||
	coalesce((SELECT 'deleted by ' || coalesce(d.moderator, '?')
		FROM events AS d
		WHERE d.target = e.id AND d.type = 'delete'
		ORDER BY d.seq LIMIT 1), '') AS note
FROM (SELECT * FROM events WHERE user = :user
	ORDER BY seq DESC LIMIT CAST(:n AS INTEGER)) AS e
ORDER BY e.seq;
