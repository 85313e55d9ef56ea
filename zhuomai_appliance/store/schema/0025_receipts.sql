-- Receipts (票据): numbers without a gap, taken in the transaction that posts the money; a void one stays (features E06).

CREATE TABLE receipt_series (
    project_id {bigint} NOT NULL REFERENCES project (id),
    prefix TEXT NOT NULL,
    digits {bigint} NOT NULL,
    next_serial {bigint} NOT NULL,
    title TEXT NOT NULL,                   -- stands at the head of the paper
    note TEXT NOT NULL,                    -- and at its foot
    is_used {bigint} NOT NULL,             -- 1: new receipts are numbered by it
    PRIMARY KEY (project_id, prefix)
) {strict};
CREATE UNIQUE INDEX receipt_series_used ON receipt_series (project_id) WHERE is_used = 1;

CREATE TABLE receipt (
    project_id {bigint} NOT NULL,
    number TEXT NOT NULL,                  -- prefix and serial
    prefix TEXT NOT NULL,
    serial {bigint} NOT NULL,
    order_no TEXT NOT NULL REFERENCES orders (order_no),
    amount_fen {bigint} NOT NULL,
    issued_at {bigint} NOT NULL,
    issued_by TEXT NOT NULL,
    buyer TEXT NOT NULL,                   -- 抬头; empty: the person himself
    tax_no TEXT NOT NULL,
    prints {bigint} NOT NULL,
    voided_at {bigint},
    voided_by TEXT NOT NULL,
    void_reason TEXT NOT NULL,
    PRIMARY KEY (project_id, number),
    UNIQUE (project_id, prefix, serial),
    FOREIGN KEY (project_id, prefix) REFERENCES receipt_series (project_id, prefix)
) {strict};
CREATE UNIQUE INDEX receipt_order ON receipt (project_id, order_no) WHERE voided_at IS NULL;
CREATE INDEX receipt_issued ON receipt (project_id, issued_at);

-- engine: sqlite
CREATE TRIGGER receipt_stays BEFORE DELETE ON receipt
BEGIN SELECT RAISE(ABORT, 'a receipt is never deleted: void it'); END;
CREATE TRIGGER receipt_is_final BEFORE UPDATE ON receipt
WHEN NEW.number <> OLD.number OR NEW.serial <> OLD.serial OR NEW.order_no <> OLD.order_no OR NEW.amount_fen <> OLD.amount_fen
  OR OLD.voided_at IS NOT NULL AND NEW.voided_at IS NULL
BEGIN SELECT RAISE(ABORT, 'a receipt is never changed: void it'); END;
-- engine: postgres
CREATE TRIGGER receipt_stays BEFORE DELETE ON receipt FOR EACH ROW EXECUTE FUNCTION zhuomai_is_final();
CREATE TRIGGER receipt_is_final BEFORE UPDATE ON receipt FOR EACH ROW
WHEN (NEW.number <> OLD.number OR NEW.serial <> OLD.serial OR NEW.order_no <> OLD.order_no OR NEW.amount_fen <> OLD.amount_fen
  OR OLD.voided_at IS NOT NULL AND NEW.voided_at IS NULL)
EXECUTE FUNCTION zhuomai_is_final();
-- engine: any
