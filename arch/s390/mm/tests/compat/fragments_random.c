// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences of operations on page tables that share a page.
 */
#include <kunit/test.h>
#include <linux/minmax.h>
#include <linux/prandom.h>

#include "lib/fixture.h"
#include "fragments_model.h"

#define RANDOM_STEPS 300
#define RANDOM_TABLES 12
#define RANDOM_PRINTED 30

static unsigned long *random_table(struct ptfrag_model *m,
				   struct rnd_state *rnd)
{
	int i, start = prandom_u32_state(rnd) % (2 * m->nr);

	for (i = 0; i < 2 * m->nr; i++) {
		int at = (start + i) % (2 * m->nr);
		struct ptfrag_page *p = &m->pages[at / 2];

		if (!p->gone && p->half[at % 2] == PTFRAG_USED)
			return ptfrag_table_of(p, at % 2);
	}
	return NULL;
}

/* Make room for new pages. It moves pages, so the lists must be empty. */
static void forget_gone(struct ptfrag_model *m)
{
	int i, mm, keep = 0;

	for (mm = 0; mm < PTFRAG_MAX_MMS; mm++)
		if (m->nr_list[mm])
			return;
	for (i = 0; i < m->nr; i++)
		if (!m->pages[i].gone)
			m->pages[keep++] = m->pages[i];
	m->nr = keep;
}

static int used_tables(struct ptfrag_model *m)
{
	int i, used = 0;

	for (i = 0; i < m->nr; i++)
		if (!m->pages[i].gone)
			used += ptfrag_halves(&m->pages[i], PTFRAG_USED);
	return used;
}

/**
 * struct random_step - one operation of a random sequence
 * @what: its name
 * @page: which page it was about, -1 if none
 * @half: and which half
 */
struct random_step {
	const char *what;
	int page;
	int half;
};

static void random_free(struct ptfrag_model *m, struct random_step *step,
			const char *what, ptfrag_method how,
			unsigned long *table)
{
	step->what = what;
	step->page = ptfrag_page_of(m, table) - m->pages;
	step->half = ptfrag_half_of(table);
	how(m, table);
}

static void do_random_step(struct ptfrag_model *m, struct rnd_state *rnd,
			   struct random_step *step)
{
	unsigned int what = prandom_u32_state(rnd) % 100;
	unsigned long *table = m->nr ? random_table(m, rnd) : NULL;

	step->page = -1;
	if (!table || (what < 45 && used_tables(m) < RANDOM_TABLES)) {
		step->what = what & 1 ? "alloc for mm 1" : "alloc for mm 0";
		ptfrag_alloc(m, what & 1);
	} else if (what < 60) {
		random_free(m, step, "free", ptfrag_free, table);
	} else if (what < 75) {
		random_free(m, step, "free by RCU", ptfrag_free_rcu, table);
	} else if (what < 92 &&
		   IS_ENABLED(CONFIG_MM_KUNIT_PT_FRAGMENTS_DEFER)) {
		random_free(m, step, "defer", ptfrag_defer, table);
	} else {
		step->what = "settle";
		ptfrag_settle(m);
	}
}

static void print_steps(struct kunit *test, struct random_step *log, u64 seed,
			int last)
{
	int i;

	kunit_info(test, "seed %llu, failed at step %d", seed, last);
	for (i = max(0, last - RANDOM_PRINTED); i <= last; i++)
		kunit_info(test, "step %d: %s, page %d, half %d", i,
			   log[i].what, log[i].page, log[i].half);
}

/**
 * ptfrag_random_sequence() - allocate and free tables at random, and check
 * @test: the case
 * @seed: where the decisions come from
 */
void ptfrag_random_sequence(struct kunit *test, u64 seed)
{
	struct ptfrag_model *m = ptfrag_model_new(test);
	struct rnd_state rnd;
	struct random_step *log;
	int i;

	log = kunit_kzalloc(test, RANDOM_STEPS * sizeof(*log), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, log);
	prandom_seed_state(&rnd, seed);
	for (i = 0; i < RANDOM_STEPS; i++) {
		if (m->nr > PTFRAG_MAX_PAGES - 4) {
			ptfrag_free_all(m);
			forget_gone(m);
		}
		do_random_step(m, &rnd, &log[i]);
		if (mm_kunit_failed(test)) {
			print_steps(test, log, seed, i);
			return;
		}
	}
	ptfrag_free_all(m);
	mm_kunit_exit_mm(test, m->mm[0]);
	mm_kunit_exit_mm(test, m->mm[1]);
}
