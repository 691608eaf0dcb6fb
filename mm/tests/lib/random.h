/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Seeded random sequences of operations, with a check after each.
 */
#ifndef _MM_KUNIT_RANDOM_H
#define _MM_KUNIT_RANDOM_H

#include <linux/mm_types.h>
#include <linux/prandom.h>

struct kunit;

#define MM_KUNIT_RANDOM_MMS 6
#define MM_KUNIT_RANDOM_LOG 40

struct mm_kunit_sequence;

/**
 * struct mm_kunit_step - one operation of a sequence
 * @what: its name
 * @mm: which mm does it; the sequence has it
 * @from: a place
 * @to: a place that is not below @from
 * @slot: where a child would go, which is not @mm
 */
struct mm_kunit_step {
	const char *what;
	int mm;
	int from;
	int to;
	int slot;
};

/**
 * struct mm_kunit_op - an operation that a sequence may choose
 * @what: its name
 * @weight: how often it is chosen, in shares of the weights of all
 * @do_it: does it; returns whether the kernel did what it should
 */
struct mm_kunit_op {
	const char *what;
	int weight;
	bool (*do_it)(struct mm_kunit_sequence *seq,
		      struct mm_kunit_step *step);
};

/**
 * struct mm_kunit_random - what a suite's random sequences are made of
 * @ops: the operations
 * @nr_ops: how many
 * @places: how many places they know
 * @steps: how long a sequence is
 * @start: makes an mm in a slot of the sequence that is empty
 * @exit: forgets what a suite knows of the mm in a slot, which then exits
 * @check: says whether everything is as it should be, or else why not
 */
struct mm_kunit_random {
	const struct mm_kunit_op *ops;
	int nr_ops;
	int places;
	int steps;
	struct mm_struct *(*start)(struct mm_kunit_sequence *seq, int slot);
	void (*exit)(struct mm_kunit_sequence *seq, int slot);
	bool (*check)(struct mm_kunit_sequence *seq, char *msg, size_t size);
};

/**
 * struct mm_kunit_sequence - one random sequence
 * @test: the case
 * @random: what it is made of
 * @rnd: where the next decision comes from
 * @mms: the mms, NULL where none is
 * @log: the latest steps, a ring
 *
 * A suite that knows more embeds it.
 */
struct mm_kunit_sequence {
	struct kunit *test;
	const struct mm_kunit_random *random;
	struct rnd_state rnd;
	struct mm_struct *mms[MM_KUNIT_RANDOM_MMS];
	struct mm_kunit_step log[MM_KUNIT_RANDOM_LOG];
};

void mm_kunit_sequence_exit_mm(struct mm_kunit_sequence *seq, int slot);
void mm_kunit_run_sequence(struct kunit *test, struct mm_kunit_sequence *seq,
			   const struct mm_kunit_random *random, u64 seed);

#endif /* _MM_KUNIT_RANDOM_H */
