/** The resource kinds: names, schema, defaults, validation, columns, strategy; selectors, quantities, patches. */
export {};
