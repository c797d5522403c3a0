#!/usr/bin/env python3
"""The mutation gate: each named mistake, made on purpose in a copy of the sources, must turn a Swift test red.

    Tests/mutants.py [NAME...]     last line: N passed, N failed
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORE = "Sources/CoordCore/"
SYSTEM = "Sources/CoordSystem/"
# A run that hangs is red. The tables take some seconds, the simulation some ten, and several times that on a busy machine.
LIMIT = 400
SCHEDULES = 20_000
# The schedule in which a mistake matters, where those show none.
WITNESSES = {"a look counts to its end": 86_411}

# name, file, what stands there, what is put there instead
MUTANTS = [
    ("a claim rests on the answer of another cluster", CORE + "Coordination/Coordinator+Phases.swift",
     "guard queue.isOwn else {", "guard queue.isOwn || queue.number > 0 else {"),
    ("a job that server_info.txt names and that is in no queue is over", CORE + "Server/ForeignServer.swift",
     "    return .askPort(plain.endpoint)\n  }", "    return row == nil ? .none : .askPort(plain.endpoint)\n  }"),
    ("a foreign server on a node that was given up is over", CORE + "Server/ForeignServer.swift",
     "(row.life == .over && home.holds(row))", "(row.isOver && home.holds(row))"),
    ("a server of server_info.txt that begins to end is not waited for", CORE + "Server/ForeignServer.swift",
     "($0 == row || strangers.contains($0))", "(strangers.isEmpty ? $0 == row : strangers.contains($0))"),
    ("what was waited for is given up at its end", CORE + "Coordination/Coordinator+OlderLife.swift",
     "        if o.now >= deadline { renewDeadline(o) }\n        return foreignServer", "        return foreignServer"),
    ("a file that cannot be read is waited for for ever", CORE + "Server/InfoWatch.swift",
     "blind.value == true ? blind.unchanged : beat.unchanged", "beat.unchanged"),
    ("the scheduler's configuration never changes", SYSTEM + "Scheduler/Slurm.swift",
     "Machine.now - $0.at > configurationAge", "Machine.now < $0.at"),
    ("a change that nobody saw come is a beat", CORE + "Coordination/Coordinator+Phases.swift",
     "file.begunAfter.map { o.now - $0 <= Limits.selfFence } ?? false", "file.beat.hasChanged"),
    ("a run that nobody tells is the one that started", CORE + "Coordination/Coordinator+Started.swift",
     '      return state.schedulerName == "local"\n', "      return true\n"),
    ("a job waits for a scheduler that it does not need", CORE + "Server/Entrance.swift",
     "question.draft.body.kind == .started, !isBlind { return nil }", "question.draft.body.kind == .ended { return nil }"),
    ("a server_info.txt that cannot be read is none", CORE + "Coordination/Coordinator+OlderLife.swift",
     "if let why = o.info.unreadable, file.blind.unchanged < Limits.beatPause {", "if let why = o.info.unreadable, why.isEmpty {"),
    ("a job goes in beside a server_info.txt that it cannot read", CORE + "Server/Entrance.swift",
     "if info.unreadable != nil { return true }", "if info.unreadable != nil { return false }"),
    ("a server that is ending hides another", CORE + "Coordination/Coordinator+OlderLife.swift",
     "return foreignServer(snapshot, state, known, o, waited: true)", "return nil"),
    ("only the first of those that are ending is waited for", CORE + "Server/ForeignServer.swift",
     "server.ending = jobs.map(\\.id)", "server.ending = jobs.prefix(1).map(\\.id)"),
    ("KillWait is what nobody set", CORE + "Scheduler/QueueSnapshot.swift", "(endsWithin ?? Limits.killWait)", "Limits.killWait"),
    ("a job goes in beside one that is ending", CORE + "Server/Entrance.swift",
     "if ending.unchanged < around.snapshot.killWait {", "if ending.unchanged < .zero {"),
    ("a server that was not launched is waited for", CORE + "Server/Supervision.swift", "running = isServing", "_ = isServing"),
    ("a claim without a job makes the last job a stranger", CORE + "Log/KnownTokens.swift",
     "known.latest = known.latest ?? job.number", "if known.named.count == 1 { known.latest = known.latest ?? job.number }"),
    ("a number is its oldest owner's", CORE + "Log/KnownTokens.swift",
     "(forKey: entry.token), known.jobs[number] == nil {", "(forKey: entry.token) {"),
    ("a job that was to end stays in the queue", CORE + "Coordination/Coordinator+OlderLife.swift",
     "known.named.contains(token), job.uid == me,", "known.named.contains(token), job.uid != job.uid,"),
    ("any run of a by-hand job is its run", SYSTEM + "Scheduler/SlurmQuestion.swift", "guard isByHand || (", "guard isByHand && seen.user == seen.state || ("),
    ("a row without token says nothing in words", CORE + "Scheduler/Sighting.swift",
     "return jobs.first { mayBe($0, job) && isOverHere($0) }", "return jobs.first { _ in false }"),
    ("what was refused and kept is submitted", CORE + "Coordination/Coordinator+Phases.swift",
     "case .found(let job) where !job.isOver: return", "case .found(let job): return"),
    ("a job that lost its name and comment is gone", CORE + "Scheduler/Sighting.swift",
     "return workDir.map {", "return row.name.hasPrefix(name ?? \"\") && workDir.map {"),
    ("a number that is over anywhere is our job's end", CORE + "Scheduler/Sighting.swift",
     "(workDir ?? row.workDir) == row.workDir && !row.workDir.isEmpty)", "true)"),
    ("what is over without our token is seen as our run", CORE + "Scheduler/Sighting.swift",
     "return other.life == .suspended\n", "return other.life != .pending\n"),
    ("a job that the log names may be foreign", CORE + "Server/ForeignServer.swift",
     "&& !known.names($0)", "&& !(known.jobs.isEmpty && known.names($0))"),
    ("a number that the log names is anybody's", CORE + "Server/KnownTokens+Jobs.swift",
     "job.uid != nil && jobs[job.id.number] == job.uid", "jobs[job.id.number] != nil"),
    ("a running job with an old number of ours is ours", CORE + "Server/KnownTokens+Jobs.swift",
     "(job.life == .pending || job.id.number == latest)", "job.id.number != \"\""),
    ("a stop is forgotten over a silence", CORE + "Server/Farewell.swift",
     "if let stop = state.stop {", "if let stop = state.stop, isOurs == false {"),
    ("a requeue is somebody's stop", CORE + "Server/SignalFacts.swift",
     "} else if facts.isRequeued {", "} else if facts.isRequeued, facts.local {"),
    ("a limit that was changed is not seen", CORE + "Server/SignalFacts.swift",
     "if let limit = field(\"TimeLimit\") {", "if let limit = field(\"TimeLimitX\") {"),
    ("a run records the end of another run", CORE + "Server/Farewell.swift",
     "state.liveToken == body.token, state.start?.author.nonce == nonce", "state.liveToken == body.token, nonce == nonce"),
    ("an end that could not be read is not recorded", CORE + "Server/Farewell.swift",
     "case .beingWritten?, .missing?, nil: return .lookAgain(after: .seconds(1))", "default: return .over"),
    ("a number that is not certain is lost", CORE + "Log/Appending.swift",
     "case .success(.unsettled(let why)): failure = StorageFailure(.lag, why)",
     "case .success(.unsettled): return .over(won: false)"),
    ("a server stays where its directory was replaced", CORE + "Server/Supervision.swift",
     "      running = isServing\n      return stop(ending, now)", "      running = isServing\n      return []"),
    ("a stranger's job with an old number is the old server", CORE + "Server/ForeignServer.swift",
     "(!$0.isStrangers || home.holds($0))", "(!$0.isStrangers || $0.id == $0.id)"),
    ("a stranger's job in the project is a foreign server", CORE + "Scheduler/QueueListing.swift",
     "(ours || isHere || isNamesake) && mayBeOfTeam(uid)", "(ours || isHere || isNamesake) && (isHere || mayBeOfTeam(uid))"),
    ("namesakes beyond a number are passed over", CORE + "Scheduler/QueueListing.swift",
     "if others.count > Limits.namesakes {", "if others.count > Limits.namesakes * 1000 {"),
    ("a comment that begins like ours is ours", CORE + "Scheduler/JobComment.swift",
     "{ comment == byHand || JobComment(comment) != nil }", "{ comment.hasPrefix(byHand) }"),
    ("a foreign server that is ending is over", CORE + "Coordination/Coordinator+OlderLife.swift",
     "guard leaving.unchanged < snapshot.killWait else", "guard leaving.unchanged < .zero else"),
    ("the answer is a name that was not reached", CORE + "Coordination/Coordinator+Phases.swift",
     "    answer.endpoint = endpoint\n", "    _ = endpoint\n"),
    ("a foreign server whose name cannot be looked up is none", CORE + "Coordination/Coordinator+OlderLife.swift",
     "if case .slowNames = probed.reach {", "if case .slowNames = probed.reach, o.now < o.began {"),
    ("the project by another path is another project", CORE + "Scheduler/Home.swift",
     "job.isHere || ", ""),
    ("our number in the project by another path is another's", CORE + "Scheduler/Sighting.swift",
     "row.isHere || row.workDir.isEmpty", "row.workDir.isEmpty"),
    ("a job that could not open its log is sent to its log", CORE + "Coordination/Coordinator+EndWords.swift",
     "job?.couldNotOpenLog == true", "job?.couldNotOpenLog == true && false"),
    ("a trial passes over the team's group", CORE + "Reports/JobTrial.swift",
     "if let group, !groups.contains(group) {", "if let group, groups.isEmpty, !groups.contains(group) {"),
    ("a host name may look like an option", CORE + "Basics/StringProtocol+Words.swift",
     "first != UInt8(ascii: \"-\"), first", "first"),
    ("the job only checks instead of taking started", CORE + "Server/Fence.swift",
     "      return .start(\n", "      if nonce != \"\" { return .serve(state) }\n      return .start(\n"),
    ("a number is reused", CORE + "Log/LockDraft.swift",
     "(number, previous, self.body) = (state.next, state.previous, body)",
     "(number, previous, self.body) = (max(1, state.next - 1), state.previous, body)"),
    ("a squeue that failed is read as gone", CORE + "Scheduler/Sighting.swift",
     "    case .unknown(let why): self = .unknown(why)\n", "    case .unknown: self = .gone\n"),
    ("hidden jobs are read as gone", CORE + "Scheduler/Sighting.swift",
     "if !snapshot.seesEverybody, snapshot.askedBy != owner {", "if snapshot.host.isEmpty {"),
    ("a number without our token is found", CORE + "Scheduler/Sighting.swift",
     "$0.token == token && $0.uid == owner", "($0.token == token || $0.id.number == job?.number) && $0.uid == owner"),
    ("an imitation by another user is found", CORE + "Scheduler/Sighting.swift",
     "$0.token == token && $0.uid == owner", "$0.token == token"),
    ("a look at one job proves that another is gone", CORE + "Scheduler/Sighting.swift",
     "if snapshot.narrow || query.cluster", "if query.cluster"),
    ("a line that cannot be read is passed over", CORE + "Scheduler/QueueListing.swift",
     "    odd.append(String(line.prefix(200)))\n", ""),
    ("an answer that was cut off is whole", CORE + "Scheduler/QueueListing.swift",
     "guard marks.isEmpty, last == UInt8(ascii: \"\\n\") else {", "guard last != nil else {"),
    ("what is no listing is an empty one", CORE + "Scheduler/QueueListing.swift",
     "    guard hasHeader else {\n", "    guard hasHeader || rest.count < 9 else {\n"),
    ("absence for five seconds ends a job that waits", CORE + "Coordination/Coordinator+Phases.swift",
     "? Limits.jobLooks : Limits.tokenLooks\n  }", "? Limits.jobLooks : Limits.jobLooks\n  }"),
    ("a stop cancels the number that sbatch printed", CORE + "Coordination/Coordinator+Phases.swift",
     "      return [.cancel(job.id, token: token), end]", "      return [.cancel(state.job ?? job.id, token: token), end]"),
    ("a job is cancelled without looking", SYSTEM + "Scheduler/Slurm.swift",
     "shown.token == token else {", "job == shown.id else {"),
    ("scontrol is not asked for a known job", SYSTEM + "Scheduler/SlurmQuestion.swift",
     "let missing = answer.narrow ?", "let missing = !jobs.isEmpty || jobs.isEmpty ?"),
    ("the end of an earlier run ends this one", CORE + "Coordination/Coordinator+Started.swift",
     "where job.isOver && !isEarlierRun(job, state):", "where job.isOver:"),
    ("the first of several numbers is the job", CORE + "Scheduler/SlurmText.swift",
     "return found.count == 1 ? found[0] : nil", "return found.first"),
    ("surplus jobs of a copy's original are cancelled", CORE + "Reports/CleanupPlan.swift",
     "job.log == nil || job.log == log", "job.log != \"\""),
    ("a claim is made where sbatch is nowhere", CORE + "Coordination/Coordinator+Phases.swift",
     "o.obstacle ?? o.noScheduler {", "o.obstacle {"),
    ("whoever has no squeue asks for the team", CORE + "Coordination/Coordinator.swift",
     "    let rest = actions.filter { if case .look = $0 { false } else { true } }\n", "    let rest = actions\n"),
    ("a claim that never started leaves no job", CORE + "Reports/CleanupPlan.swift",
     "entry.author.uid == me && entry.token != live", "entry.author.uid == me && entry.token == live"),
    ("what is remembered of another life is kept", CORE + "Log/LockLog.swift",
     "guard mayBeOfAnotherLife, !tail.isInOrder else", "guard mayBeOfAnotherLife, tail.slots.isEmpty else"),
    ("a quiet log is never listed again", CORE + "Log/LockLog.swift",
     "now - seen.at < Limits.listingPace, try isTheEnd", "now >= seen.at, try isTheEnd"),
    ("a quiet log's next number is not looked at", CORE + "Log/LockLog.swift",
     "return try files.lock(LockName.name(tail.next)) == nil\n", "return true\n"),
    ("questions of others are seen at the next listing", CORE + "Log/LockListing.swift",
     'while try files.lock(QueueName.name(now.asked + 1, "asked")) != nil { now.asked += 1 }\n', "\n"),
    ("whole logs are read for other projects' jobs", CORE + "Server/KnownTokens+Jobs.swift",
     "for job in all where home.holds(job) {", "for job in all {"),
    ("a log is read to its beginning for a token at its end", CORE + "Log/LockLog.swift",
     "!reading.isOver, !isEnough(reading.known) {", "!reading.isOver {"),
    ("what a torn number told is remembered", CORE + "Log/LockLog.swift",
     "if slot.map(\\.isTorn) ?? true { isWhole = false }", "if slot == nil { isWhole = false }"),
    ("a server needs the queue board", CORE + "Log/LockLog.swift",
     "if let tail = try unchanged(now)?.tail { return tail }", "if let look = try? look(now: now) { return look.tail }"),
    ("a question that cannot be read is in the way", CORE + "Log/LockLog.swift",
     "try? seen.listing.followed(in: files)", "Optional(try seen.listing.followed(in: files))"),
    ("one beat that came late is life", CORE + "Coordination/Coordinator+Phases.swift",
     "file.begunAfter.map { o.now - $0 <= Limits.selfFence }", "file.beat.changedAfter.map { o.now - $0 <= Limits.freshness }"),
    ("a beat of another server tells when this one's was begun", CORE + "Server/InfoWatch.swift",
     "before.value?.info?.token == info.info?.token ? before.changedAfter : nil", "before.changedAfter"),
    ("a look before sbatch is over proves absence", CORE + "Coordination/Coordinator+Phases.swift",
     "guard gone || sbatchIsOver(claim, o) else {", "guard gone || last.unchanged >= .zero else {"),
    ("a job that was suspended leaves its claim at once", CORE + "Server/Entrance.swift",
     "      (givingUp, leaving) = Self.ends(from: now)\n    // A number", "    // A number"),
    ("a job that leaves keeps its claim", CORE + "Server/Entrance.swift",
     "guard question.draft.body.kind == .started else { return .fail(error) }", "guard question.draft.body.kind == .ended else { return .fail(error) }"),
    ("a cleanup removes the heartbeat of a server that the log does not know", CORE + "Reports/CleanupPlan.swift",
     "info.token != state.liveToken && known.served.contains(info.token)", "info.token != state.liveToken"),
    ("a claim that was taken for lost is made again", CORE + "Server/Fence.swift",
     "? freshToken : nil\n    guard let token = token ?? claimed", "? token : nil\n    guard let token = token ?? claimed"),
    ("a heartbeat that was not confirmed is removed", CORE + "Server/Supervision.swift",
     "public internal(set) var hasLaunched = false", "public internal(set) var hasLaunched = true"),
    ("a suspended job by hand has no server of another life", CORE + "Server/KnownTokens+Jobs.swift",
     "return traces && job.isOurScript", "return !traces && job.isOurScript"),
    ("the return code of link is trusted", CORE + "Log/LockFiles.swift",
     "        try link(temporary, to: name)\n", "        try link(temporary, to: name)\n        return bytes\n"),
    ("a stale claim is broken by removing it", CORE + "Log/LockLog.swift",
     "    let bytes = entry.encoded\n    let name = LockName.name(entry.number)\n",
     "    let bytes = entry.encoded\n    let name = LockName.name(entry.number)\n"
     "    if entry.kind == .ended {\n      for old in try numbers() { files.discard(LockName.name(old)) }\n"
     "      known = [:]\n      return .won\n    }\n"),
    ("a doubtful sbatch is taken for a refusal", CORE + "Scheduler/SubmitReply.swift",
     "return !lostConnections.contains { what.contains($0) }", "return !what.isEmpty"),
    ("an unknown job state is taken for over", CORE + "Scheduler/SlurmState.swift",
     "?.life ?? .undetermined", "?.life ?? .over"),
    ("a held job is expected to start", CORE + "Scheduler/PendingReason.swift",
     "    case .held: return \"is held", "    case .held: return \"is expected to start at \\(expectedStart ?? \"\") held"),
    ("the second server that a full disk ends is lost as the first", CORE + "Server/Supervision+Beats.swift",
     "causeBefore == .heartbeatNotWritten && ", "causeBefore == .heartbeatNotWritten && token == Token(random: 0, 0) && "),
    ("a server of a long life is the second that a full disk ends", CORE + "Server/Supervision+Beats.swift",
     " && now - claimed < Limits.shortLife", ""),
    ("a job that was fenced is starting for ever", CORE + "Reports/StatusReport.swift",
     "isOver || (sinceStart ?? .zero) > Limits.selfFence ? .silent : .starting", ".starting"),
    ("a job that another cluster of the federation has is over", CORE + "Scheduler/SlurmState.swift",
     'SlurmState("REVOKED", "RV", .undetermined,', 'SlurmState("REVOKED", "RV", .over,'),
    ("a node that was given up is one that was seen to end", CORE + "Scheduler/SlurmState.swift",
     'SlurmState("BOOT_FAIL", "BF", .givenUp,', 'SlurmState("BOOT_FAIL", "BF", .over,'),
    ("a stranger's job in an unknown state serves nobody", CORE + "Server/ForeignServer.swift",
     "[.active, .suspended, .undetermined]", "[.active, .suspended]"),
    ("a claimant submits however late", CORE + "Coordination/Coordinator+Phases.swift",
     "guard o.now - claim.at < Limits.submitWindow else {", "guard o.now - claim.at < .seconds(100_000) else {"),
    ("one look proves absence", CORE + "Coordination/AbsenceProof.swift",
     "      if number > floor { self.first = ended }\n      return false\n", "      self.first = ended\n      return true\n"),
    ("a paused observer counts what it did not see", CORE + "Basics/Watch.swift",
     "(value, since, seen) = (new, ended, true)", "(value, since, seen) = (new, began, true)"),
    ("a silent supervisor goes on serving", CORE + "Basics/Limits.swift",
     "public static let selfFence = Duration.seconds(45)", "public static let selfFence = Duration.seconds(4500)"),
    ("a first heartbeat is not confirmed by the log", CORE + "Server/Supervision.swift",
     "!running { return [.confirm] }", "!running {\n        running = true\n        return [.launch]\n      }"),
    ("a beat counts from its reply", CORE + "Server/Supervision.swift",
     "lastBeat = max(lastBeat, began)", "lastBeat = max(began, now)"),
    ("a beat of half a minute revives a server that its guardian ends", CORE + "Server/Supervision.swift",
     "      let late = fence(now)\n      lastBeat", "      let late: [Action] = []\n      lastBeat"),
    ("a late guardian sends TERM first", CORE + "Server/Watchman.swift",
     "Limits.selfFence + Limits.lateWake { return .kill }", "Limits.selfFence + Limits.lateWake { return .terminate(grace: Limits.stopGrace) }"),
    ("a late supervisor sends TERM first", CORE + "Server/Supervision.swift",
     "[atOnce ? .kill : .terminate]", "[.terminate]"),
    ("a guardian takes its time where others may start a server", CORE + "Server/Watchman.swift",
     "if !supervised { return .terminate(grace: Limits.orphanGrace) }",
     "if !supervised { return .terminate(grace: Limits.stopGrace) }"),
    ("a script's end is nobody's signal", CORE + "Server/SignalFacts.swift",
     "facts.signal ?? script.flatMap { $0.signal > 0 ? $0.signal : nil }", "facts.signal"),
    ("a signal that the team ordered counts as cancelled", CORE + "Server/SignalFacts.swift",
     "{ margin += warning.before }", "{ margin += .zero }"),
    ("the end of the job's script is explained before it is known", CORE + "Server/SignalFacts.swift",
     "field(\"JobState\") == \"RUNNING\" && field(\"ExitCode\") == \"0:0\"", "field(\"JobState\") == nil"),
    ("a job that hangs in COMPLETING is waited for", CORE + "Coordination/Coordinator+Phases.swift",
     "case .found(let seen) where seen.isCompleting:", "case .found(let seen) where seen.state.isEmpty:"),
    ("a job is over as soon as it is COMPLETING", CORE + "Coordination/Coordinator+Phases.swift",
     "state, o, apart: Limits.tokenLooks, enough: true, job: seen,", "state, o, apart: Limits.jobLooks, enough: true, job: seen,"),
    ("jobs are made without end", CORE + "Coordination/Coordinator+Phases.swift",
     "if jobs.count > Limits.renewals {", "if jobs.count > 1000 {"),
    ("claims that no job came of use up the patience", CORE + "Coordination/Coordinator.swift",
     "if state.job != nil { jobs.insert(token) }", "jobs.insert(token)"),
    ("a hung server is ready", CORE + "Server/Supervision.swift",
     "    stage = .hung\n    return beat(now)", "    return beat(now)"),
    ("a server whose first beat never succeeded is lost", CORE + "Server/BeatRecord.swift",
     "      if everCompleted {\n", "      if everCompleted || problem != \"\" {\n"),
    ("a server is announced before its app was imported", CORE + "Server/Supervision.swift",
     "case .starting where checked && lastAnswer != nil, .hung:", "case .starting where lastAnswer != nil, .hung:"),
    ("a preempted job counts as cancelled", CORE + "Server/SignalFacts.swift",
     "} else if state == \"PREEMPTED\" || preempted {", "} else if state == \"PREEMPTED\" && preempted {"),
    ("a server that others ended goes on", CORE + "Server/Supervision+Beats.swift",
     "    ending.record = false\n    return stop(ending, now)", "    ending.record = false\n    return []"),
    ("the older half of a token may be missing", CORE + "Log/LockLog.swift", "        isCutOff = true\n",
     "        isCutOff = false\n"),
    ("an entry that follows nothing counts", CORE + "Log/LogFold.swift",
     "guard let before = counting.lastIndex(where: { $0.digest == entry.previous }) else { break }",
     "let before = counting.lastIndex(where: { $0.digest == entry.previous }) ?? counting.count - 1"),
    ("an entry counts in anybody's name", CORE + "Log/Slot.swift",
     "if let owner, owner != entry.author.uid {", "if let owner, owner == .max {"),
    ("what a newer coord wrote is torn", CORE + "Log/Slot.swift",
     "    case .newer: self = .newer(digest: digest)\n", "    case .newer: self = .torn(digest: digest)\n"),
    ("a missing number is passed over at once", CORE + "Log/LogFold.swift",
     "    if state.needsOlder, !isSettled { return (.missing(number: first - 1), []) }\n", ""),
    ("a server gives up where an older number is missing", CORE + "Log/LogFold.swift",
     "if entry.kind == .started || (", "if entry.kind == .ended || ("),
    ("a claimant leaves its job behind in the queue", CORE + "Coordination/Coordinator.swift",
     "    if let actions = takeOut(state, o) { return actions }\n", ""),
    ("questions that began anew are waited for", CORE + "Coordination/AbsenceProof.swift",
     "guard highest < latestNumber - 40 else {", "guard highest < -40 else {"),
    ("what was removed is remembered", CORE + "Log/LockLog.swift", "    if !isWhole { forget() }\n", ""),
    ("a number is taken above a gap", CORE + "Log/LockLog.swift",
     "if entry.number > 1, try files.lock(LockName.name(entry.number - 1)) == nil { return .lost }", ""),
    ("an empty log beside traces is claimed at once", CORE + "Server/QuietWait.swift",
     "      wait = (\"the log does not show what came before\", Limits.lostNodeSilence)\n", ""),
    ("a heartbeat that the log does not know blocks nothing", CORE + "Server/QuietWait.swift",
     "    if let info, known.isUnstarted(info) {", "    if let info, known.isUnstarted(info), false {"),
    ("a job of a log that is gone blocks nothing", CORE + "Server/KnownTokens+Jobs.swift",
     "return token != live && !served.contains(token)", "return false"),
    ("a job of older scripts blocks nothing", CORE + "Server/ForeignServer.swift",
     "    if let stranger { return", "    if let stranger, false { return"),
    ("server_info alone is an answer", CORE + "Coordination/Coordinator.swift", "goal == .answer, o.infoIsInLog, let", "goal == .answer, let"),
    ("a copy goes on with the original's log", CORE + "Log/LogIdentity.swift",
     "place.inode != other.inode && place.path != other.path", "false"),
    ("a suspended job is over after D", CORE + "Coordination/Coordinator+Started.swift",
     "case .found(let job) = sighting(state, o), job.life == .suspended {",
     "case .found(let job) = sighting(state, o), job.life == .suspended, false {"),
    ("silence needs no word of the scheduler", CORE + "Coordination/Coordinator+Started.swift",
     "guard schedulerHasSpoken(after: gate, state, o) else {",
     "guard true || schedulerHasSpoken(after: gate, state, o) else {"),
    ("a ghost's start is a start", CORE + "Log/KnownTokens.swift", "= slot, digest == wanted else",
     "= slot, digest == wanted || entry.kind == .started else"),
    ("what was not asked ends a silent server", CORE + "Scheduler/Sighting.swift",
     "return .unknown(Self.notAsked)", "return .hidden(Self.notAsked)"),
    ("half of what sbatch says is believed", CORE + "Coordination/Coordinator+Phases.swift",
     "if o.claimant == .dead || last.unchanged >= Limits.beatPause, let job", "if let job"),
    ("a cluster without a name is ours", CORE + "Scheduler/Sighting.swift", "if let theirs = wanted.cluster, theirs != snapshot.cluster {",
     "if let theirs = wanted.cluster, let asked = snapshot.cluster, theirs != asked {"),
    ("a stop after the start needs no proof", CORE + "Coordination/Coordinator+Phases.swift",
     "    if state.phase == .started {\n      return silent(", "    if state.phase == .started, false {\n      return silent("),
    ("a hole left by pruning is taken for a win", CORE + "Log/LockLog.swift",
     "return try isAtTheEnd(entry) ? .won : .lost", "return .won"),
    ("sbatch is called however long its files took", SYSTEM + "Scheduler/Slurm.swift",
     "guard left > .zero else {", "guard left > .seconds(-1000) else {"),
    ("what the scheduler said before the silence lasted counts", CORE + "Coordination/Coordinator+Started.swift",
     "let gate = askedInSilence ?? absence.latestNumber", "let gate = askedInSilence ?? absence.floor"),
    ("what was asked before sbatch refused tells that there is no job", CORE + "Coordination/Coordinator.swift",
     ".replied(reply, seenNumber: nil)", ".replied(reply, seenNumber: absence.latestNumber)"),
    ("who waits for a job looks all the time", CORE + "Coordination/Coordinator.swift",
     "case .pending: return min(still / 5, Limits.calmestPoll)", "case .pending: return .zero"),
    ("questions are listed before the log was read", CORE + "Log/LockLog.swift",
     "    if !wasKnown { listing = try files.list() }\n", "    if wasKnown { listing = try files.list() }\n"),
    ("a poll writes only to read the clock", CORE + "Scheduler/QueueBoard.swift",
     "    if let seen, now < seen.notBefore { return nil }\n", ""),
]

# Each of these has to die in the tables and in the simulation.
SIMULATED = [
    ("a node that was given up has ended its server at once", CORE + "Scheduler/SlurmState.swift",
     'SlurmState("NODE_FAIL", "NF", .givenUp)', 'SlurmState("NODE_FAIL", "NF", .over)'),
    ("what is in no queue ended long ago", CORE + "Coordination/Coordinator+Started.swift",
     '(state.schedulerName == "local" || silence >= Limits.lostNodeSilence)', '(state.schedulerName != "")'),
    ("a job that waits is over", CORE + "Scheduler/SlurmState.swift",
     'SlurmState("PENDING", "PD", .pending)', 'SlurmState("PENDING", "PD", .over)'),
    ("a heartbeat is believed however old", CORE + "Coordination/Coordinator+Phases.swift",
     "let believed = info.heartbeat.distance(to: o.wall) <= Limits.freshness", "let believed = o.now >= o.began"),
    ("a server starts before its first heartbeat", CORE + "Server/Supervision+Beats.swift",
     "    return late.isEmpty ? beat(now) : late\n", "    running = late.isEmpty\n    return late.isEmpty ? [.launch] : late\n"),
    ("a second job of a token serves", CORE + "Server/Fence.swift",
     "if start.author.nonce == nonce, state.phase == .started {", "if state.phase == .started {"),
    ("the fence ignores a stop", CORE + "Log/ServiceState.swift",
     "(phase == .claimed || phase == .submitted) && stop == nil && token", "(phase == .claimed || phase == .submitted) && token"),
    ("a claim rests on a doubt", CORE + "Coordination/Coordinator+Phases.swift",
     "    if case .unknown(let why) = queue.snapshot.outcome {\n      return [.look",
     "    if case .unknown(let why) = queue.snapshot.outcome, why.isEmpty {\n      return [.look"),
    ("a void number that is completed late counts", CORE + "Log/LogFold.swift",
     "if before < counting.count - 1, let root {", "if before < counting.count - 1000, let root {"),
    ("silence counts from before the start was seen", CORE + "Coordination/Coordinator+Started.swift",
     ": min(file.beat.unchanged, last.unchanged)\n", ": file.beat.unchanged\n"),
    ("D is 58 s", CORE + "Basics/Limits.swift", "silence = Duration.seconds(120)", "silence = Duration.seconds(58)"),
    ("a torn number is void at once", CORE + "Log/LogFold.swift",
     "fold(void: watch.unchanged >= Limits.claimWatch ? unsettled : nil)", "fold(void: unsettled)"),
    ("the second look may be an older answer", CORE + "Coordination/AbsenceProof.swift", "return number > gate", "return number > min(gate, floor)"),
    ("a claim is given up at once", CORE + "Coordination/Coordinator+Phases.swift",
     "let gone = o.claimant == .dead || last.unchanged >= Limits.claimWatch",
     "let gone = o.claimant == .dead || last.unchanged >= .zero"),
    ("a server may take 80 s to end", CORE + "Basics/Limits.swift",
     "stopGrace = Duration.seconds(10)", "stopGrace = Duration.seconds(80)"),
    ("a look counts to its end", CORE + "Basics/Watch.swift", "    latest = began\n", "    latest = ended\n"),
    ("the server ignores a stop", CORE + "Server/Supervision+Beats.swift",
     "guard let stop = state.stop else { return [] }", "guard let stop = state.stop, stop.token != token else { return [] }"),
]

# Tables are quick however they are built, but for those of great numbers and those with a limit of real time; and a debug build is made in a quarter of the time.
# The simulation is not; what is optimised file by file is made soonest.
TABLES = ["--skip", "SimulationTests", "--skip", "undredThousandJobs", "--skip", "answerWithoutEnd"], [], ".build/debug"
SIMULATION = ["--filter", "ofEverySort"], ["-Xswiftc", "-O", "-Xswiftc", "-enforce-exclusivity=unchecked"], ".build/debug"


def build(folder, mode):
    return subprocess.run(["swift", "build", "--build-tests", *mode[1]], cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test(folder, mode, witness=None):
    """The exit status of the tests, and what they printed; of one schedule, where it is a witness."""
    first, count = (witness, 1) if witness else (1, SCHEDULES)
    # A crash is a red test as well; it needs no backtrace.
    environment = {**os.environ, "SIM_SCHEDULES": str(count), "SIM_FIRST": str(first), "SIM_BRIEF": "1",
                   "SWIFT_BACKTRACE": "enable=no", "NO_COLOR": "1"}
    (binary,) = (folder / mode[2]).glob("*PackageTests.xctest")
    process = subprocess.Popen(
        [binary, "--testing-library", "swift-testing", *mode[0]], cwd=folder, env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=LIMIT)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        # With all that it started: by session.
        subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=False)
        process.communicate()
        return -1, f"no end within {LIMIT} s"


# CoordCore alone, over the same sources, with its tables or with the simulation: most mutants die there, and it is made in seconds.
CORE_PACKAGE = """// swift-tools-version: 6.2
import PackageDescription
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
let package = Package(
  name: "core",
  targets: [
    .target(name: "CoordCore", swiftSettings: strict),
    %s
  ],
  swiftLanguageModes: [.v6]
)
"""
SMALL = """.testTarget(name: "CoordCoreTests", dependencies: ["CoordCore"], swiftSettings: strict)"""
SIMULATED_WORLD = """
    .target(name: "Simulation", dependencies: ["CoordCore"], path: "Tests/Simulation", swiftSettings: strict),
    .testTarget(name: "SimulationTests", dependencies: ["Simulation", "CoordCore"], sources: ["ScheduleTests.swift"],
      swiftSettings: strict)"""


def core(folder, name, targets):
    """A package of CoordCore and these targets alone."""
    place = folder / name
    for part in ["Sources/CoordCore", "Tests/CoordCoreTests", "Tests/Simulation", "Tests/SimulationTests"]:
        link = place / part
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(folder / part)
    (place / "Package.swift").write_text(CORE_PACKAGE % targets)
    return place


def dies(folder, mode, witness=None):
    """Whether it builds, and a test turns red."""
    return build(folder, mode).returncode == 0 and test(folder, mode, witness)[0] != 0


def verdict(folder, name, file, simulated):
    """Which tests turn red, and whether that is a mutant's death."""
    if file.startswith(CORE) and dies(folder / "small", TABLES):
        words, died = "killed by the tables", True
    else:
        built = build(folder, TABLES)
        if built.returncode:
            return f"DOES NOT BUILD\n{built.stdout[-1500:]}", False
        died = test(folder, TABLES)[0] != 0
        words = "killed by the tables" if died else "SURVIVED the tables"
    if not simulated:
        return words, died
    seen = dies(folder / "simulated", SIMULATION, WITNESSES.get(name))
    return f"{words}, {'killed by' if seen else 'SURVIVED'} the simulation", died and seen


def main():
    chosen = [m for m in MUTANTS + SIMULATED if not sys.argv[1:] or m[0] in sys.argv[1:]]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for name in ["Sources", "Tests"]:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("cluster", "shell"))
        shutil.copy(ROOT / "Package.swift", folder)
        core(folder, "simulated", SIMULATED_WORLD)
        unchanged = build(core(folder, "small", SMALL), TABLES)
        if unchanged.returncode == 0:
            unchanged = build(folder, TABLES)
        status, output = (-1, unchanged.stdout) if unchanged.returncode else test(folder, TABLES)
        if status == 0:
            status, output = test(folder / "small", TABLES)
        if status:
            # What turned red, or how it broke off.
            red = [line for line in output.splitlines() if "\N{HEAVY BALLOT X}" in line]
            print("\n".join(red[:20]) or output[-3000:])
            print("mutants: the tests are red without any mutant")
            print("0 passed, 1 failed")
            return 1
        for name in [name for name, *_ in chosen if name in WITNESSES]:
            if dies(folder / "simulated", SIMULATION, WITNESSES[name]):
                print(f"mutant {name}: its schedule {WITNESSES[name]} is red without it")
                failed += 1
        for name, file, old, new in chosen:
            path = folder / file
            text = path.read_text()
            if text.count(old) != 1:
                print(f"mutant NOT APPLICABLE: {name} ({file} has changed)", flush=True)
                failed += 1
                continue
            path.write_text(text.replace(old, new))
            words, died = verdict(folder, name, file, (name, file, old, new) in SIMULATED)
            print(f"mutant {words}: {name}", flush=True)
            passed, failed = passed + died, failed + (not died)
            path.write_text(text)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
