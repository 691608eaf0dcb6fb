// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables of the whole machine, on trees that count those of user space alone.
 */
#include <linux/mm.h>
#include <linux/vmstat.h>

#ifndef CONFIG_MM_KUNIT_HAS_KERNEL_PAGETABLE
/**
 * mm_kunit_compat_nr_pagetable() - page-table pages of the whole machine
 *
 * Exact while nothing else runs: the remainders of all CPUs are added.
 */
long mm_kunit_compat_nr_pagetable(void)
{
	long nr = 0;
#ifdef CONFIG_MM_KUNIT_HAS_NODE_PAGETABLE
	struct pglist_data *pgdat;
	int cpu;

	for_each_online_pgdat(pgdat) {
		nr += atomic_long_read(&pgdat->vm_stat[NR_PAGETABLE]);
		for_each_online_cpu(cpu)
			nr += per_cpu_ptr(pgdat->per_cpu_nodestats,
					  cpu)->vm_node_stat_diff[NR_PAGETABLE];
	}
#else
	struct zone *zone;

	for_each_populated_zone(zone)
		nr += zone_page_state_snapshot(zone, NR_PAGETABLE);
#endif
	return nr;
}
#endif
