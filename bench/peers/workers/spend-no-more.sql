-- A batch that would take more than a lot has is rolled back.
CREATE TRIGGER lots_give_no_more_than_they_have BEFORE UPDATE ON lots
WHEN NEW.used_points NOT BETWEEN 0 AND NEW.points
BEGIN
	SELECT RAISE(ABORT, 'constraint failed: the lot has not that many points left');
END;
