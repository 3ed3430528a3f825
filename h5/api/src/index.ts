export * from './client';
export * from './envelope';
export type * from './types';
