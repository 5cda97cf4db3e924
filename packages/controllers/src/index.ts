/** The controllers, one folder each, all in the same shape. */
export {};
