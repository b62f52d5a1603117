// The flattened form, version 17. All words are big-endian.
//
//   0x00 magic          0x08 off_dt_struct    0x10 off_mem_rsvmap   0x18 last_comp_version   0x20 size_dt_strings
//   0x04 totalsize      0x0c off_dt_strings   0x14 version          0x1c boot_cpuid_phys     0x24 size_dt_struct
//
// Devicetree Specification v0.4, chapter 5

export const FDT_MAGIC = 0xd00dfeed;
export const FDT_VERSION = 17;
/** The oldest version that a reader of {@link FDT_VERSION} still understands. */
export const FDT_LAST_COMPATIBLE = 16;

export const FDT = {
  MAGIC: 0x00,
  TOTAL_BYTES: 0x04,
  STRUCTURE: 0x08,
  STRINGS: 0x0c,
  RESERVATIONS: 0x10,
  VERSION: 0x14,
  LAST_COMPATIBLE: 0x18,
  BOOT_CPU: 0x1c,
  STRINGS_BYTES: 0x20,
  STRUCTURE_BYTES: 0x24,
  HEADER_BYTES: 0x28,
} as const;

export const TOKEN = { BEGIN_NODE: 1, END_NODE: 2, PROPERTY: 3, NOP: 4, END: 9 } as const;

/** Two 64-bit words; one with both 0 ends the list. */
export const RESERVATION_BYTES = 16;
