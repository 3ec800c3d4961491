/**
 * The one table of errors: what each code means for retries, the exit code and the reader.
 *
 * `retry`: `auto` is retried by Temporal; `manual` blocks the table until a person retries it; `never` fails the
 * transfer. docs/reference/errors.md is generated from this table and a test compares the two.
 */
export type Retry = 'auto' | 'manual' | 'never';

/** CLI exit codes (docs/reference/cli.md). */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  findings: 4,
  limitReached: 5,
  timedOut: 124,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

interface ErrorEntry {
  readonly retry: Retry;
  readonly exit: ExitCode;
  readonly http: number;
  /** One sentence that tells the reader what to do. */
  readonly hint: string;
}

const entry = (retry: Retry, exit: ExitCode, http: number, hint: string): ErrorEntry => ({
  retry,
  exit,
  http,
  hint,
});

export const ERRORS = {
  'config.invalid': entry('never', EXIT.usage, 400, 'Correct the named place in the configuration.'),
  'config.not_found': entry('never', EXIT.usage, 404, 'Name a file with --config or create sluice.yaml.'),
  'config.unknown_key': entry('never', EXIT.usage, 400, 'Use the nearest known key that is named.'),
  'config.undefined_variable': entry(
    'never',
    EXIT.usage,
    400,
    'Set the environment variable or give a default with ${NAME:-value}.',
  ),
  'config.unknown_name': entry('never', EXIT.usage, 404, 'Use a name that the configuration defines.'),
  'input.invalid': entry('never', EXIT.usage, 400, 'Give the name of a transfer, or {"transfer": "name"}.'),
  'connection.invalid_url': entry(
    'never',
    EXIT.usage,
    400,
    'Write the URL as postgres://, mysql://, mariadb://, oracle://, sqlite:, nats:// or kafka://.',
  ),
  'source.unreachable': entry(
    'auto',
    EXIT.unreachable,
    503,
    'Check the address and that the source server runs.',
  ),
  'target.unreachable': entry(
    'auto',
    EXIT.unreachable,
    503,
    'Check the address and that the target server runs.',
  ),
  'database.unreachable': entry('auto', EXIT.unreachable, 503, 'Check the address and that the server runs.'),
  'database.authentication_failed': entry(
    'never',
    EXIT.unreachable,
    401,
    'Check user and password of the connection.',
  ),
  'database.not_found': entry(
    'never',
    EXIT.unreachable,
    404,
    'Check the name of the database or the path of the file.',
  ),
  'database.permission_denied': entry(
    'manual',
    EXIT.failed,
    403,
    'Give the right that the suggestion names.',
  ),
  'database.version_unsupported': entry(
    'never',
    EXIT.unreachable,
    409,
    'Use a supported version of the server.',
  ),
  'database.overloaded': entry(
    'auto',
    EXIT.failed,
    503,
    'Raise the connection limit or lower readers and writers.',
  ),
  'database.transient': entry('auto', EXIT.failed, 503, 'Nothing: it is tried again.'),
  'database.disk_full': entry('auto', EXIT.failed, 507, 'Free space on the disk of the server.'),
  'database.internal': entry('auto', EXIT.failed, 500, 'Read the server log; the step is tried again.'),
  'source.table_not_found': entry(
    'never',
    EXIT.usage,
    404,
    'Check the table pattern; sluice discover lists the tables.',
  ),
  'source.column_not_found': entry('manual', EXIT.usage, 404, 'Check the column names of the selection.'),
  'source.snapshot_lost': entry(
    'auto',
    EXIT.failed,
    409,
    'The tables that are not finished are read from a new snapshot.',
  ),
  'source.query_interrupted': entry(
    'auto',
    EXIT.failed,
    409,
    'Nothing: it is copied again from its beginning. With a key it would go on where it was.',
  ),
  'source.changed_structure': entry(
    'manual',
    EXIT.failed,
    409,
    'The source table was altered during the transfer; re-snapshot the table.',
  ),
  'source.value_rejected': entry(
    'manual',
    EXIT.failed,
    422,
    'Mend the value in the source or exclude the column, then retry the table.',
  ),
  'source.row_too_large': entry(
    'manual',
    EXIT.failed,
    413,
    'Raise read.creditBytes as the suggestion says and start the transfer again, or exclude the column.',
  ),
  'target.not_empty': entry(
    'manual',
    EXIT.failed,
    409,
    'Empty the table, or choose write.mode append, truncate or upsert.',
  ),
  'target.table_exists': entry(
    'never',
    EXIT.failed,
    409,
    'Drop or rename the table at the target, or choose another structure.policy.',
  ),
  'target.table_missing': entry(
    'manual',
    EXIT.failed,
    404,
    'Create the table or choose structure.policy create-missing.',
  ),
  'target.structure_differs': entry(
    'manual',
    EXIT.failed,
    409,
    'Alter the target table as the suggestion says, then retry the table.',
  ),
  'target.value_rejected': entry(
    'manual',
    EXIT.failed,
    422,
    'Mend the value or the target column, then retry the table; columns.policies makes such values NULL, the nearest, or text.',
  ),
  'target.constraint_violated': entry(
    'manual',
    EXIT.failed,
    422,
    'Remove the conflicting row or the constraint, then retry the table.',
  ),
  'target.row_missing': entry(
    'manual',
    EXIT.failed,
    409,
    'Put the row into the target and retry; or let changes.conflicts be converge, which writes it.',
  ),
  'target.row_exists': entry(
    'manual',
    EXIT.failed,
    409,
    'Remove the row from the target and retry; or let changes.conflicts be converge, which replaces it.',
  ),
  'target.ledger_damaged': entry(
    'never',
    EXIT.failed,
    409,
    'The ledger was changed by hand; start a new run.',
  ),
  'type.unsupported': entry(
    'manual',
    EXIT.usage,
    422,
    'Exclude the column with columns.exclude, or copy it as text with columns.policies.',
  ),
  'hub.unreachable': entry('auto', EXIT.unreachable, 503, 'Check the address and that the hub runs.'),
  'hub.transient': entry('auto', EXIT.failed, 503, 'Nothing: it is tried again.'),
  'hub.authentication_failed': entry('never', EXIT.unreachable, 401, 'Check the credentials of the hub.'),
  'hub.jetstream_disabled': entry('never', EXIT.unreachable, 409, 'Start nats-server with JetStream (-js).'),
  'hub.version_unsupported': entry('never', EXIT.unreachable, 409, 'Use a supported version of the hub.'),
  'hub.full': entry(
    'auto',
    EXIT.failed,
    507,
    'Free space for the hub or raise its limits; the source waits.',
  ),
  'hub.stream_lost': entry('auto', EXIT.failed, 409, 'Nothing: what the hub lost is copied again.'),
  'hub.settings_differ': entry(
    'never',
    EXIT.failed,
    409,
    'Delete the stream that has other settings, or name another hub.',
  ),
  'hub.message_too_large': entry('auto', EXIT.failed, 413, 'Nothing: the block is cut smaller.'),
  'hub.topic_missing': entry('manual', EXIT.failed, 404, 'Create the topic as the suggestion says.'),
  'hub.topic_unsuitable': entry(
    'manual',
    EXIT.failed,
    409,
    'Change the setting of the topic that is named, or send the changes to another topic.',
  ),
  'capture.not_installed': entry(
    'manual',
    EXIT.usage,
    409,
    'Run sluice capture install, then sluice capture deploy, for the source connection.',
  ),
  'capture.not_deployed': entry(
    'manual',
    EXIT.usage,
    409,
    'Run sluice capture plan to see the triggers, then sluice capture deploy.',
  ),
  'capture.condition_invalid': entry(
    'never',
    EXIT.usage,
    400,
    'Write one SQL condition, or expression, on the columns of the table.',
  ),
  'capture.table_unsupported': entry(
    'manual',
    EXIT.usage,
    422,
    'Leave the table out of the capture, or change what the message names.',
  ),
  'capture.key_needed': entry(
    'manual',
    EXIT.usage,
    422,
    'Give both sides of the table the same primary key, or neither of them one, or leave it out of transfers of changes.',
  ),
  'capture.lease_lost': entry('auto', EXIT.failed, 409, 'Nothing: another worker has the lane now.'),
  'capture.resync_required': entry(
    'manual',
    EXIT.failed,
    409,
    'Changes are missing, or the capture was installed anew: sluice table resnapshot TRANSFER "(changes)" copies the tables again, or lets topics go on.',
  ),
  'capture.lanes_parted': entry(
    'manual',
    EXIT.usage,
    409,
    'Drop the foreign key at the target, and make it again after the cut-over; or begin anew, with sluice capture release and a copy of all rows.',
  ),
  'batch.damaged': entry('auto', EXIT.failed, 422, 'Nothing: the batch is sent again.'),
  'transfer.shortfall': entry(
    'never',
    EXIT.failed,
    409,
    'Start the transfer again; the report names the difference per table.',
  ),
  'transfer.differs': entry(
    'never',
    EXIT.findings,
    409,
    'Run sluice verify to see which key ranges differ; sluice table resnapshot copies a table again.',
  ),
  'transfer.blocked': entry(
    'never',
    EXIT.failed,
    409,
    'Mend what is named, then sluice table retry; sluice table skip leaves the table out.',
  ),
  'transfer.cancelled': entry('never', EXIT.failed, 409, 'Start it again: it goes on where it was.'),
  'transfer.not_found': entry('never', EXIT.usage, 404, 'sluice list names the transfers.'),
  'transfer.not_running': entry('never', EXIT.usage, 409, 'Start the transfer first.'),
  'transfer.already_running': entry(
    'never',
    EXIT.usage,
    409,
    'Attach with sluice status --watch, or stop it first.',
  ),
  'temporal.unreachable': entry(
    'never',
    EXIT.unreachable,
    503,
    'Check --address and that the Temporal server runs.',
  ),
  'temporal.no_worker': entry('never', EXIT.unreachable, 503, 'Start a worker with sluice worker.'),
  stalled: entry('auto', EXIT.failed, 504, 'Read the cause; the step is tried again.'),
  internal: entry('auto', EXIT.failed, 500, 'Report this with the log of the worker.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(ERRORS, text);
