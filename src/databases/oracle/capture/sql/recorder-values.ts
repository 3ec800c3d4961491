import { GIVEN_TYPES, SAME_TYPES } from './recorder-spec.ts';

/** What decides in a session how a number is written, and in which calendar a day is. */
const NUMBERS = "'NLS_NUMERIC_CHARACTERS=''.,'''";
const CALENDAR = "'NLS_CALENDAR=GREGORIAN'";
const SECOND = `'YYYY-MM-DD"T"HH24:MI:SS'`;
const FRACTION = `'YYYY-MM-DD"T"HH24:MI:SS.FF9'`;

/** Texts of JSON. A text of national letters is written in ASCII: the database may lack them. */
const TEXTS = String.raw`  FUNCTION IN_QUOTES(T IN VARCHAR2) RETURN VARCHAR2 IS
    R VARCHAR2(32767) := REPLACE(T, '"', '\"');
  BEGIN
    IF REGEXP_INSTR(R, '[[:cntrl:]]') > 0 OR INSTR(R, CHR(0)) > 0 THEN
      FOR I IN 0 .. 31 LOOP
        R := REPLACE(R, CHR(I), '\u' || TO_CHAR(I, 'FM000X'));
      END LOOP;
    END IF;
    RETURN R;
  END;
  FUNCTION JSON_OF(T IN VARCHAR2) RETURN VARCHAR2 IS
  BEGIN
    RETURN IN_QUOTES(REPLACE(T, '\', '\\'));
  END;
  FUNCTION JSON_OF_N(T IN NVARCHAR2) RETURN VARCHAR2 IS
  BEGIN
    RETURN IN_QUOTES(REPLACE(TO_CHAR(ASCIISTR(T)), '\', '\u'));
  END;
  FUNCTION TXT(V IN VARCHAR2) RETURN VARCHAR2 IS
  BEGIN
    IF V IS NULL THEN RETURN 'null'; END IF;
    RETURN '"' || JSON_OF(V) || '"';
  END;
  FUNCTION NTX(V IN NVARCHAR2) RETURN VARCHAR2 IS
  BEGIN
    IF V IS NULL THEN RETURN 'null'; END IF;
    RETURN '"' || JSON_OF_N(V) || '"';
  END;
  FUNCTION HEX(V IN RAW) RETURN VARCHAR2 IS
  BEGIN
    IF V IS NULL THEN RETURN 'null'; END IF;
    RETURN '"' || RAWTOHEX(V) || '"';
  END;
  FUNCTION BOO(V IN BOOLEAN) RETURN VARCHAR2 IS
  BEGIN
    IF V IS NULL THEN RETURN 'null'; END IF;
    IF V THEN RETURN 'true'; END IF;
    RETURN 'false';
  END;`;

/** Plain digits, however large or small: from 64 letters on TM9 prints 1.5E-99, and before the point of a fraction nothing. */
const EXACT_NUMBERS = `  FUNCTION NUM(V IN NUMBER) RETURN VARCHAR2 IS
    T VARCHAR2(200);
    D VARCHAR2(64);
    E PLS_INTEGER;
    P PLS_INTEGER;
  BEGIN
    IF V IS NULL THEN RETURN 'null'; END IF;
    T := TO_CHAR(ABS(V), 'TM9', ${NUMBERS});
    E := INSTR(T, 'E');
    IF E > 0 THEN
      D := REPLACE(SUBSTR(T, 1, E - 1), '.');
      P := TO_NUMBER(SUBSTR(T, E + 1));
      IF P < 0 THEN
        T := '0.' || RPAD('0', -P - 1, '0') || D;
      ELSE
        T := RPAD(D, P + 1, '0');
      END IF;
    ELSIF SUBSTR(T, 1, 1) = '.' THEN
      T := '0' || T;
    END IF;
    IF V < 0 THEN RETURN '-' || T; END IF;
    RETURN T;
  END;
  FUNCTION FIX(V IN NUMBER, MODEL IN VARCHAR2) RETURN VARCHAR2 IS
  BEGIN
    IF V IS NULL THEN RETURN 'null'; END IF;
    RETURN TO_CHAR(V, MODEL, ${NUMBERS});
  END;`;

const floatFunction = (
  name: string,
  type: string,
  digits: readonly [number, number],
  plain: number,
): string => {
  const [fewest, most] = digits;
  return `  FUNCTION ${name}(V IN ${type}) RETURN VARCHAR2 IS
    T VARCHAR2(64);
    M VARCHAR2(64);
    FEWEST PLS_INTEGER := ${fewest};
  BEGIN
    IF V IS NULL THEN RETURN 'null'; END IF;
    IF V = ${type}_NAN THEN RETURN '"NaN"'; END IF;
    IF V = ${type}_INFINITY THEN RETURN '"Infinity"'; END IF;
    IF V = -${type}_INFINITY THEN RETURN '"-Infinity"'; END IF;
    IF ABS(V) < ${type}_MIN_NORMAL THEN FEWEST := 1; END IF;
    FOR N IN FEWEST .. ${most} LOOP
      M := '9.' || RPAD('9', N - 1, '9') || 'EEEE';
      T := TRIM(TO_CHAR(V, M, ${NUMBERS}));
      EXIT WHEN TO_${type}(T, M, ${NUMBERS}) = V;
    END LOOP;
    RETURN LAID_OUT(T, ${plain});
  EXCEPTION
    WHEN OTHERS THEN
      RETURN LAID_OUT(TRIM(TO_CHAR(V, '9.${'9'.repeat(most - 1)}EEEE', ${NUMBERS})), ${plain});
  END;`;
};

/** The shortest text that reads back as the same number, in the form of src/engine/driver/float-text.ts. */
const FLOATS = `  FUNCTION LAID_OUT(T IN VARCHAR2, PLAIN_BELOW IN PLS_INTEGER) RETURN VARCHAR2 IS
    E PLS_INTEGER := INSTR(T, 'E');
    P PLS_INTEGER := TO_NUMBER(SUBSTR(T, E + 1));
    D VARCHAR2(64) := RTRIM(REPLACE(REPLACE(SUBSTR(T, 1, E - 1), '-'), '.'), '0');
    S VARCHAR2(1);
  BEGIN
    IF D IS NULL THEN RETURN '0'; END IF;
    IF SUBSTR(T, 1, 1) = '-' THEN S := '-'; END IF;
    IF P < -4 OR P >= PLAIN_BELOW THEN
      IF LENGTH(D) > 1 THEN D := SUBSTR(D, 1, 1) || '.' || SUBSTR(D, 2); END IF;
      RETURN S || D || CASE WHEN P < 0 THEN 'e-' ELSE 'e+' END || TO_CHAR(ABS(P), 'FM900');
    END IF;
    IF P < 0 THEN RETURN S || '0.' || RPAD('0', -P - 1, '0') || D; END IF;
    IF LENGTH(D) <= P + 1 THEN RETURN S || RPAD(D, P + 1, '0'); END IF;
    RETURN S || SUBSTR(D, 1, P + 1) || '.' || SUBSTR(D, P + 2);
  END;
${floatFunction('NUM8', 'BINARY_DOUBLE', [15, 17], 15)}
${floatFunction('NUM4', 'BINARY_FLOAT', [6, 9], 6)}`;

const ERA = `CASE WHEN V < DATE '0001-01-01' THEN ' BC' END`;
const moment = (name: string, type: string): string => `  FUNCTION ${name}(V IN ${type}) RETURN VARCHAR2 IS
  BEGIN
    IF V IS NULL THEN RETURN 'null'; END IF;
    RETURN IN_UTC(SYS_EXTRACT_UTC(V));
  END;`;

const MOMENTS = `  FUNCTION SECONDS_OF(V IN TIMESTAMP_UNCONSTRAINED) RETURN VARCHAR2 IS
  BEGIN
    RETURN RTRIM(RTRIM(TO_CHAR(V, ${FRACTION}, ${CALENDAR}), '0'), '.');
  END;
  FUNCTION IN_UTC(V IN TIMESTAMP_UNCONSTRAINED) RETURN VARCHAR2 IS
  BEGIN
    RETURN '"' || SECONDS_OF(V) || '+00:00' || ${ERA} || '"';
  END;
  FUNCTION DAT(V IN DATE) RETURN VARCHAR2 IS
  BEGIN
    IF V IS NULL THEN RETURN 'null'; END IF;
    RETURN '"' || TO_CHAR(V, ${SECOND}, ${CALENDAR}) || ${ERA} || '"';
  END;
  FUNCTION TST(V IN TIMESTAMP_UNCONSTRAINED) RETURN VARCHAR2 IS
  BEGIN
    IF V IS NULL THEN RETURN 'null'; END IF;
    RETURN '"' || SECONDS_OF(V) || ${ERA} || '"';
  END;
${moment('TTZ', 'TIMESTAMP_TZ_UNCONSTRAINED')}
${moment('TLZ', 'TIMESTAMP_LTZ_UNCONSTRAINED')}`;

const INTERVALS = `  FUNCTION PART_OF(V IN NUMBER, LETTER IN VARCHAR2) RETURN VARCHAR2 IS
  BEGIN
    IF V = 0 THEN RETURN NULL; END IF;
    RETURN NUM(V) || LETTER;
  END;
  FUNCTION IYM(V IN YMINTERVAL_UNCONSTRAINED) RETURN VARCHAR2 IS
    T VARCHAR2(100);
  BEGIN
    IF V IS NULL THEN RETURN 'null'; END IF;
    T := PART_OF(EXTRACT(YEAR FROM V), 'Y') || PART_OF(EXTRACT(MONTH FROM V), 'M');
    RETURN '"P' || NVL(T, 'T0S') || '"';
  END;
  FUNCTION IDS(V IN DSINTERVAL_UNCONSTRAINED) RETURN VARCHAR2 IS
    D VARCHAR2(100);
    T VARCHAR2(100);
  BEGIN
    IF V IS NULL THEN RETURN 'null'; END IF;
    D := PART_OF(EXTRACT(DAY FROM V), 'D');
    T := PART_OF(EXTRACT(HOUR FROM V), 'H') || PART_OF(EXTRACT(MINUTE FROM V), 'M') || PART_OF(EXTRACT(SECOND FROM V), 'S');
    IF T IS NOT NULL THEN T := 'T' || T; END IF;
    RETURN '"P' || NVL(D || T, 'T0S') || '"';
  END;`;

const given = Object.entries(GIVEN_TYPES).map(
  ([type, write]) => `  FUNCTION GIVEN(V IN ${type}) RETURN VARCHAR2 IS
  BEGIN
    RETURN ${write}(V);
  END;`,
);

/** Of a key of a message: a text is itself, anything else as in JSON without quotation marks. */
const PLAIN = `  FUNCTION PLAIN(T IN VARCHAR2) RETURN VARCHAR2 IS
  BEGIN
    IF T = 'null' THEN RETURN NULL; END IF;
    RETURN TRIM('"' FROM T);
  END;`;
const givenKeys = Object.keys(GIVEN_TYPES).map(
  (type) => `  FUNCTION GIVEN_KEY(V IN ${type}) RETURN VARCHAR2 IS
  BEGIN
    RETURN ${type === 'VARCHAR2' ? 'V' : 'PLAIN(GIVEN(V))'};
  END;`,
);

const EQUAL: Readonly<Record<string, string>> = {
  VARCHAR2: 'UTL_RAW.CAST_TO_RAW(A) = UTL_RAW.CAST_TO_RAW(B)',
  CLOB: 'DBMS_LOB.GETLENGTH(A) = DBMS_LOB.GETLENGTH(B) AND DBMS_LOB.COMPARE(A, B) = 0',
  BLOB: 'DBMS_LOB.GETLENGTH(A) = DBMS_LOB.GETLENGTH(B) AND DBMS_LOB.COMPARE(A, B) = 0',
};

const sameFunction = (
  name: string,
  type: string,
  equal: string,
): string => `  FUNCTION ${name}(A IN ${type}, B IN ${type}) RETURN BOOLEAN IS
  BEGIN
    IF A IS NULL OR B IS NULL THEN RETURN A IS NULL AND B IS NULL; END IF;
    RETURN ${equal};
  END;`;

const SAMES = [
  ...SAME_TYPES.map((type) => sameFunction('SAME', type, EQUAL[type] ?? 'A = B')),
  sameFunction(
    'SAME_N',
    'NVARCHAR2',
    'UTL_RAW.CAST_TO_RAW(TO_CHAR(ASCIISTR(A))) = UTL_RAW.CAST_TO_RAW(TO_CHAR(ASCIISTR(B)))',
  ),
  sameFunction('SAME_NL', 'NCLOB', EQUAL['CLOB'] ?? ''),
];

/** Functions of one value. */
export const RECORDER_VALUES: readonly string[] = [
  TEXTS,
  EXACT_NUMBERS,
  FLOATS,
  MOMENTS,
  INTERVALS,
  ...given,
  PLAIN,
  ...givenKeys,
  ...SAMES,
];
