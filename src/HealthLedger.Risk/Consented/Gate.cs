using System.Collections.Concurrent;
using HealthLedger.Proofs;
using HealthLedger.Proofs.Tokens;
using HealthLedger.Risk.Privacy;

namespace HealthLedger.Risk.Consented;

public sealed partial class ConsentedRecord
{
    /// <summary>
    /// The door through which records reach the risk model in one run. Verification comes first and opening last: a token that does not hold opens
    /// nothing. A patient enters a run once, under whichever consent: a second copy would weigh twice, and the privacy of a release is stated for one.
    /// </summary>
    /// <threadsafety>Safe for concurrent use.</threadsafety>
    public sealed class Gate
    {
        private readonly TokenExpectations _expected;
        private readonly RecordOpener _open;
        private readonly TimeProvider _time;
        private readonly ConcurrentDictionary<Hash, bool> _presented = new();
        private readonly ConcurrentDictionary<PrivacyAccount, bool> _admitted = new();

        /// <param name="expected">Trusted logs and quorum, this run as the audience, the client that runs it, and the purpose.</param>
        public Gate(TokenExpectations expected, RecordOpener open, TimeProvider time)
        {
            ArgumentNullException.ThrowIfNull(expected);
            ArgumentNullException.ThrowIfNull(open);
            ArgumentNullException.ThrowIfNull(time);
            _expected = expected;
            _open = open;
            _time = time;
        }

        /// <summary>Verifies the token with its proof, and only then opens the records that it covers.</summary>
        /// <param name="token">The compact JWS, of any content.</param>
        /// <param name="proof">The JSON beside it, of any content.</param>
        public async ValueTask<Admission> AdmitAsync(string token, ReadOnlyMemory<byte> proof, CancellationToken cancellation)
        {
            ArgumentNullException.ThrowIfNull(token);
            if (!ConsentTokenVerification.Verify(token, proof.Span, _expected, _time.GetUtcNow()).TryGet(out var consent, out var fault))
                return new Admission.Refused(fault.Code);
            if (!_presented.TryAdd(consent.Token.Handle, true)) return new Admission.Refused("run-token-repeated");
            switch (await _open(consent, cancellation).ConfigureAwait(false))
            {
                case Opening.Opened opened:
                    return _admitted.TryAdd(opened.Account, true)
                        ? new Admission.Admitted(new ConsentedRecord(consent, opened.Account, opened.Resources))
                        : new Admission.Refused("run-patient-repeated");
                case Opening.Refused refused:
                    return new Admission.Refused(refused.Code);
                default:
                    throw new InvalidOperationException("The opener answered neither way.");
            }
        }
    }
}
