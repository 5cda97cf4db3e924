/** The flotilla command. */
export {};
