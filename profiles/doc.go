// Package profiles says what to do: the experiment file, who comes, how sessions arrive, what
// breaks. Decode reads an experiment; NewPlan compiles it into a pure function from (seed, user
// number) to that user's whole behaviour:
//
//	exp, err := profiles.Decode("failover.yaml", data)
//	plan := profiles.NewPlan(exp)
//	player := plan.Player(user, session)
//	for step, ok := plan.Next(&player); ok; step, ok = plan.Next(&player) {
//		// wait step.Think, then send step.Parallel requests
//	}
package profiles
