/** The replicated state machine: MVCC, transactions, leases, watches, and its persistence on level. */
export {};
