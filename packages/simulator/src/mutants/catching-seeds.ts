/** Mutant → a seed that caught it when `make mutants` was run last. A change of the code makes another run of a seed. */
export const catchingSeeds: Readonly<Record<string, number>> = {};
