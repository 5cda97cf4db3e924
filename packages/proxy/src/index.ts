/** Service load balancing in userspace. */
export {};
