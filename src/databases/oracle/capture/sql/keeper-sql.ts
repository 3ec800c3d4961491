import { literal } from '../../sql/names.ts';
import type { CaptureNames } from '../capture-names.ts';

/** What looks after the staging table with the rights of its owner: who reads and frees events needs none but to call it. */
export const renderKeeperSpec = ({
  keeper,
}: CaptureNames): string => `CREATE OR REPLACE PACKAGE ${keeper} AUTHID DEFINER AS
  PROCEDURE DROP_PARTITION(NAME IN VARCHAR2);
  PROCEDURE REORGANISE;
END;`;

/**
 * DROP_PARTITION waits for nobody: who still writes there keeps it. REORGANISE is a person's, for the heap form: it gives room back that
 * freed events leave, and ends at once where somebody writes.
 */
export const renderKeeperBody = ({
  keeper,
  events,
  byId,
}: CaptureNames): string => `CREATE OR REPLACE PACKAGE BODY ${keeper} AS
  PROCEDURE DROP_PARTITION(NAME IN VARCHAR2) IS
  BEGIN
    EXECUTE IMMEDIATE ${literal(`ALTER TABLE ${events} DROP PARTITION `)} || DBMS_ASSERT.ENQUOTE_NAME(NAME, FALSE);
  END;
  PROCEDURE REORGANISE IS
  BEGIN
    EXECUTE IMMEDIATE ${literal(`ALTER TABLE ${events} MOVE`)};
    EXECUTE IMMEDIATE ${literal(`ALTER INDEX ${byId} REBUILD`)};
  END;
END;`;

export const renderDropPartition = ({ keeper }: CaptureNames): string =>
  `BEGIN ${keeper}.DROP_PARTITION(:name); END;`;

/** A person's, in the heap form. */
export const renderReorganise = ({ keeper }: CaptureNames): string => `BEGIN ${keeper}.REORGANISE; END;`;

/** Of a session that must hold up nobody, and what it is otherwise (connections/pins.ts). */
export const renderLockTimeout = (seconds: number): string =>
  `ALTER SESSION SET DDL_LOCK_TIMEOUT = ${seconds}`;
