import type { CaptureNames } from '../capture-names.ts';
import { RECORDER_VALUES } from './recorder-values.ts';

/** Letters of a CLOB, and bytes of a BLOB, that are written at once: six times as many are the most that comes of them. */
const PIECE = { letters: 4_000, national: 2_000, bytes: 8_000 } as const;
/** What is longer is not recorded: 64 MiB of letters, or of bytes as hex. */
const MOST = { letters: 67_108_864, bytes: 33_554_432 } as const;

/** What of a row can be told where it could not be written, so that who reads it asks for the table anew. */
const UNREADABLE = `'{"sluice": "not recorded"}'`;

/** A letter of two units is not cut: as a text of bytes it is one letter. */
const piecesOf = (
  name: string,
  type: string,
  piece: number,
  escaped: string,
): string => `  PROCEDURE ${name}(P IN OUT NOCOPY PAYLOAD, V IN ${type}) IS
    L INTEGER := DBMS_LOB.GETLENGTH(V);
    A INTEGER := 1;
    N INTEGER;
  BEGIN
    IF V IS NULL THEN
      PUT(P, 'null');
      RETURN;
    END IF;
    IF L > ${MOST.letters} THEN
      P.IS_CUT := TRUE;
      RETURN;
    END IF;
    PUT(P, '"');
    WHILE A <= L LOOP
      N := ${piece};
      IF A + N <= L AND LENGTH(DBMS_LOB.SUBSTR(V, 2, A + N - 1)) = 1 THEN N := N - 1; END IF;
      PUT(P, ${escaped}(DBMS_LOB.SUBSTR(V, N, A)));
      A := A + N;
    END LOOP;
    PUT(P, '"');
  END;`;

const PAYLOADS = `  PROCEDURE PUT(P IN OUT NOCOPY PAYLOAD, T IN VARCHAR2) IS
  BEGIN
    IF T IS NULL OR P.IS_CUT THEN RETURN; END IF;
    IF P.LONG_TEXT IS NULL THEN
      IF NVL(LENGTHB(P.SHORT_TEXT), 0) + LENGTHB(T) <= 32767 THEN
        P.SHORT_TEXT := P.SHORT_TEXT || T;
        RETURN;
      END IF;
      P.LONG_TEXT := TO_CLOB(P.SHORT_TEXT);
      P.SHORT_TEXT := NULL;
    END IF;
    DBMS_LOB.WRITEAPPEND(P.LONG_TEXT, LENGTH(T), T);
  END;
${piecesOf('PUT_TEXT', 'CLOB', PIECE.letters, 'JSON_OF')}
${piecesOf('PUT_NTEXT', 'NCLOB', PIECE.national, 'JSON_OF_N')}
  PROCEDURE PUT_BYTES(P IN OUT NOCOPY PAYLOAD, V IN BLOB) IS
    L INTEGER := DBMS_LOB.GETLENGTH(V);
    A INTEGER := 1;
  BEGIN
    IF V IS NULL THEN
      PUT(P, 'null');
      RETURN;
    END IF;
    IF L > ${MOST.bytes} THEN
      P.IS_CUT := TRUE;
      RETURN;
    END IF;
    PUT(P, '"');
    WHILE A <= L LOOP
      PUT(P, RAWTOHEX(DBMS_LOB.SUBSTR(V, ${PIECE.bytes}, A)));
      A := A + ${PIECE.bytes};
    END LOOP;
    PUT(P, '"');
  END;
  PROCEDURE END_ROW(P IN OUT NOCOPY PAYLOAD, K IN PAYLOAD) IS
  BEGIN
    IF NOT NVL(P.IS_CUT, FALSE) THEN RETURN; END IF;
    P.LONG_TEXT := NULL;
    IF K.SHORT_TEXT IS NULL THEN
      P.SHORT_TEXT := ${UNREADABLE};
    ELSE
      P.SHORT_TEXT := SUBSTR(K.SHORT_TEXT, 1, LENGTH(K.SHORT_TEXT) - 1) || ', "sluice": {}}';
    END IF;
  END;`;

const COLUMNS =
  'ID, TABLE_NUMBER, OPERATION, TRANSACTION_ID, RECORDED_AT, DB_USER, MESSAGE_KEY, LONG_KEY, OLD_ROW, OLD_LONG, NEW_ROW, NEW_LONG, BYTES';
const VALUES =
  "E(I).ID, TABLE_NO, E(I).OPERATION, TX, SYS_EXTRACT_UTC(SYSTIMESTAMP), SYS_CONTEXT('USERENV', 'SESSION_USER'), E(I).MESSAGE_KEY, E(I).LONG_KEY, E(I).OLD_ROW, E(I).OLD_LONG, E(I).NEW_ROW, E(I).NEW_LONG, E(I).BYTES";

/** A text where it has its place: in the row itself up to 4,000 bytes. */
const stored = (
  payload: string,
  short: string,
  long: string,
): string => `    IF ${payload}.LONG_TEXT IS NULL AND NVL(LENGTHB(${payload}.SHORT_TEXT), 0) <= 4000 THEN
      R.${short} := ${payload}.SHORT_TEXT;
    ELSIF ${payload}.LONG_TEXT IS NULL THEN
      R.${long} := TO_CLOB(${payload}.SHORT_TEXT);
    ELSE
      R.${long} := ${payload}.LONG_TEXT;
    END IF;`;

/**
 * An event gets its id with its row, and not when it is written: whatever a trigger of the application does in between on the same table
 * comes behind it. But a row that has gained a key gets it at the end of the statement, behind all that lost theirs: until then gains are
 * held in memory, and from 1,000 on in the table, with a letter that nobody ever sees committed.
 */
const events = (
  names: CaptureNames,
): string => `  FUNCTION MADE(LETTER IN VARCHAR2, K IN PAYLOAD, O IN PAYLOAD, N IN PAYLOAD) RETURN EVENT IS
    R EVENT;
  BEGIN
    R.OPERATION := LETTER;
${stored('K', 'MESSAGE_KEY', 'LONG_KEY')}
${stored('O', 'OLD_ROW', 'OLD_LONG')}
${stored('N', 'NEW_ROW', 'NEW_LONG')}
    R.BYTES := NVL(LENGTHB(R.OLD_ROW), 0) + NVL(LENGTHB(R.NEW_ROW), 0) + NVL(DBMS_LOB.GETLENGTH(R.OLD_LONG), 0) + NVL(DBMS_LOB.GETLENGTH(R.NEW_LONG), 0);
    RETURN R;
  END;
  PROCEDURE ADD_EVENT(E IN OUT NOCOPY EVENTS, LETTER IN VARCHAR2, K IN PAYLOAD, O IN PAYLOAD, N IN PAYLOAD) IS
    R EVENT := MADE(LETTER, K, O, N);
  BEGIN
    R.ID := ${names.ids}.NEXTVAL;
    E(E.COUNT + 1) := R;
  END;
  PROCEDURE ADD_GAIN(E IN OUT NOCOPY EVENTS, K IN PAYLOAD, N IN PAYLOAD) IS
    NONE PAYLOAD;
  BEGIN
    E(E.COUNT + 1) := MADE('I', K, NONE, N);
  END;
  PROCEDURE ADD_LOST(E IN OUT NOCOPY EVENTS, LETTER IN VARCHAR2) IS
    NONE PAYLOAD;
    LOST PAYLOAD;
  BEGIN
    LOST.SHORT_TEXT := ${UNREADABLE};
    IF LETTER = 'I' THEN
      ADD_EVENT(E, LETTER, NONE, NONE, LOST);
    ELSIF LETTER = 'D' THEN
      ADD_EVENT(E, LETTER, NONE, LOST, NONE);
    ELSE
      ADD_EVENT(E, LETTER, NONE, LOST, LOST);
    END IF;
  END;
  PROCEDURE WRITE_EVENTS(E IN OUT NOCOPY EVENTS, TABLE_NO IN NUMBER, TX IN VARCHAR2) IS
  BEGIN
    FORALL I IN 1 .. E.COUNT
      INSERT INTO ${names.events} (${COLUMNS}) VALUES (${VALUES});
    E.DELETE;
  END;
  PROCEDURE HOLD_GAINS(G IN OUT NOCOPY EVENTS, TABLE_NO IN NUMBER, TX IN VARCHAR2, FROM_ID IN OUT NUMBER, TO_ID IN OUT NUMBER) IS
    R EVENT;
  BEGIN
    FOR I IN 1 .. G.COUNT LOOP
      R := G(I);
      R.ID := ${names.ids}.NEXTVAL;
      R.OPERATION := 'g';
      G(I) := R;
      FROM_ID := NVL(FROM_ID, R.ID);
      TO_ID := R.ID;
    END LOOP;
    WRITE_EVENTS(G, TABLE_NO, TX);
  END;
  PROCEDURE WRITE_GAINS(G IN OUT NOCOPY EVENTS, TABLE_NO IN NUMBER, TX IN VARCHAR2, FROM_ID IN OUT NUMBER, TO_ID IN OUT NUMBER) IS
    R EVENT;
  BEGIN
    IF FROM_ID IS NOT NULL THEN
      UPDATE ${names.events} H SET H.ID = ${names.ids}.NEXTVAL, H.OPERATION = 'I' WHERE H.ID BETWEEN FROM_ID AND TO_ID AND H.OPERATION = 'g' AND H.TRANSACTION_ID = TX AND H.TABLE_NUMBER = TABLE_NO;
      FROM_ID := NULL;
    END IF;
    FOR I IN 1 .. G.COUNT LOOP
      R := G(I);
      R.ID := ${names.ids}.NEXTVAL;
      G(I) := R;
    END LOOP;
    WRITE_EVENTS(G, TABLE_NO, TX);
  END;`;

export const renderRecorderBody = (names: CaptureNames): string =>
  `CREATE OR REPLACE PACKAGE BODY ${names.recorder} AS\n${[...RECORDER_VALUES, PAYLOADS, events(names)].join('\n')}\nEND;`;
