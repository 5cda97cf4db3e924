/** Pod workers, status, node lease; the process runtime. */
export {};
