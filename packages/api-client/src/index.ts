/** Typed client, informer, work queue, leader election with fence, event recorder. */
export {};
