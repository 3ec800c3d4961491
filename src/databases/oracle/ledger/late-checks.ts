/** Changes come in no order of constraints: those that can wait for the commit do. */
export const DEFER = 'SET CONSTRAINTS ALL DEFERRED';
/** Checks what waits, and from then on each statement. */
export const CHECK_NOW = 'SET CONSTRAINTS ALL IMMEDIATE';
