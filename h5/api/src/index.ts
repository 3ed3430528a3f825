export * from './client';
export * from './dates';
export * from './envelope';
export * from './money';
export * from './staff-client';
export type * as Schemas from './openapi';
export type * from './types';
