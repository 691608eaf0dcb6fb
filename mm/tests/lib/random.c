// SPDX-License-Identifier: GPL-2.0-only
/*
 * Seeded random sequences, see random.h.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "fixture.h"
#include "random.h"

static int mm_kunit_below(struct mm_kunit_sequence *seq, int limit)
{
	return prandom_u32_state(&seq->rnd) % limit;
}

static const struct mm_kunit_op *
mm_kunit_choose_op(struct mm_kunit_sequence *seq)
{
	const struct mm_kunit_random *random = seq->random;
	const struct mm_kunit_op *op = random->ops;
	int i, weight, all = 0;

	for (i = 0; i < random->nr_ops; i++)
		all += op[i].weight;
	weight = mm_kunit_below(seq, all);
	while (weight >= op->weight)
		weight -= op++->weight;
	return op;
}

/* Every step takes as many decisions, so that a log can be compared. */
static bool mm_kunit_random_step(struct mm_kunit_sequence *seq,
				 struct mm_kunit_step *step)
{
	const struct mm_kunit_random *random = seq->random;
	const struct mm_kunit_op *op = mm_kunit_choose_op(seq);

	step->mm = mm_kunit_below(seq, MM_KUNIT_RANDOM_MMS);
	step->from = mm_kunit_below(seq, random->places);
	step->to =
		step->from + mm_kunit_below(seq, random->places - step->from);
	step->slot =
		(step->mm + 1 + mm_kunit_below(seq, MM_KUNIT_RANDOM_MMS - 1)) %
		MM_KUNIT_RANDOM_MMS;
	if (!seq->mms[step->mm]) {
		step->what = "start";
		seq->mms[step->mm] = random->start(seq, step->mm);
		return true;
	}
	step->what = op->what;
	return op->do_it(seq, step);
}

static void mm_kunit_log_steps(struct mm_kunit_sequence *seq, int last)
{
	int i;

	for (i = max(0, last - MM_KUNIT_RANDOM_LOG + 1); i <= last; i++) {
		struct mm_kunit_step *step = &seq->log[i % MM_KUNIT_RANDOM_LOG];

		kunit_info(seq->test, "step %d: mm %d %s %d-%d, slot %d", i,
			   step->mm, step->what, step->from, step->to,
			   step->slot);
	}
}

/**
 * mm_kunit_sequence_exit_mm() - let an mm of a sequence exit
 * @seq: the sequence
 * @slot: where it has the mm
 */
void mm_kunit_sequence_exit_mm(struct mm_kunit_sequence *seq, int slot)
{
	if (seq->random->exit)
		seq->random->exit(seq, slot);
	mm_kunit_exit_mm(seq->test, seq->mms[slot]);
	seq->mms[slot] = NULL;
}

/**
 * mm_kunit_run_sequence() - run one random sequence
 * @test: the case, which fails at the first step behind which something is
 *	not true; the seed and the last steps are logged
 * @seq: the sequence; all that is not set below is as the suite has left it
 * @random: what it is made of
 * @seed: what it begins with
 */
void mm_kunit_run_sequence(struct kunit *test, struct mm_kunit_sequence *seq,
			   const struct mm_kunit_random *random, u64 seed)
{
	char msg[160] = "it did not do what it should";
	bool ok = true;
	int i;

	seq->test = test;
	seq->random = random;
	prandom_seed_state(&seq->rnd, seed);
	for (i = 0; i < random->steps && ok; i++)
		ok = mm_kunit_random_step(seq,
					  &seq->log[i % MM_KUNIT_RANDOM_LOG]) &&
		     random->check(seq, msg, sizeof(msg));
	if (!ok) {
		mm_kunit_log_steps(seq, i - 1);
		KUNIT_FAIL(test, "seed %llu, step %d: %s", seed, i - 1, msg);
		return;
	}
	for (i = 0; i < MM_KUNIT_RANDOM_MMS; i++)
		if (seq->mms[i])
			mm_kunit_sequence_exit_mm(seq, i);
}
