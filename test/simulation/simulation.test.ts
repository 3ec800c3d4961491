import { describe, expect, test } from 'vitest';
import { simulate } from './simulate.ts';

const FROM = Number(process.env['SLUICE_SIMULATION_FROM'] ?? 1);
const SEEDS = Number(process.env['SLUICE_SIMULATION_SEEDS'] ?? 2_000);
const ONE = process.env['SLUICE_SIMULATION_SEED'];
