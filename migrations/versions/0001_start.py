"""start: the tables of the main job"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = '0001_start', None


def upgrade() -> None:
    op.create_table(
        'account',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('login', sa.String(length=60), nullable=False),
        sa.Column('name', sa.String(length=100), nullable=False),
        sa.Column('password_hash', sa.String(length=200), nullable=True),
        sa.Column('is_active', sa.Boolean(), nullable=False),
        sa.Column('generation', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
        sa.UniqueConstraint('login', name=op.f('uq_account_login')),
    )
    op.create_table(
        'heartbeat',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('worker', sa.String(length=40), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_heartbeat')),
        sa.UniqueConstraint('worker', name=op.f('uq_heartbeat_worker')),
    )
    op.create_table(
        'job',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(length=60), nullable=False),
        sa.Column('subject_id', sa.Integer(), nullable=False),
        sa.Column('state', sa.String(40), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('run_after', sa.DateTime(timezone=True), nullable=False),
        sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
        sa.Column('lease_key', sa.String(length=40), nullable=True),
        sa.Column('last_error', sa.Text(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('first_tried_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_job')),
    )
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.create_index('ix_job_state_run_after', ['state', 'run_after'], unique=False)

    op.create_table(
        'org_unit',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('parent_id', sa.Integer(), nullable=True),
        sa.Column('path', sa.String(length=200), nullable=False),
        sa.Column('kind', sa.String(40), nullable=False),
        sa.Column('name', sa.String(length=100), nullable=False),
        sa.Column('short_name', sa.String(length=40), nullable=False),
        sa.Column('phone', sa.String(length=40), nullable=False),
        sa.Column('protocol_order', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['parent_id'], ['org_unit.id'], name=op.f('fk_org_unit_parent_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_org_unit')),
        sa.UniqueConstraint('name', name=op.f('uq_org_unit_name')),
    )
    with op.batch_alter_table('org_unit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_org_unit_parent_id'), ['parent_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_org_unit_path'), ['path'], unique=False)

    op.create_table(
        'person',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(length=100), nullable=False),
        sa.Column('name_key', sa.String(length=100), nullable=False),
        sa.Column('pinyin', sa.String(length=200), nullable=False),
        sa.Column('gender', sa.String(length=10), nullable=False),
        sa.Column('born_on', sa.Date(), nullable=True),
        sa.Column('ethnicity', sa.String(length=40), nullable=False),
        sa.Column('party', sa.String(length=40), nullable=False),
        sa.Column('education', sa.String(length=40), nullable=False),
        sa.Column('employer', sa.String(length=100), nullable=False),
        sa.Column('job_title', sa.String(length=100), nullable=False),
        sa.Column('expertise', sa.String(length=200), nullable=False),
        sa.Column('mobile', sa.LargeBinary(), nullable=True),
        sa.Column('mobile_key', sa.String(length=64), nullable=True),
        sa.Column('email', sa.String(length=254), nullable=False),
        sa.Column('is_demo', sa.Boolean(), nullable=False),
        sa.Column('feed_generation', sa.Integer(), nullable=False),
        sa.Column('feed_hash', sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_person')),
        sa.UniqueConstraint('feed_hash', name=op.f('uq_person_feed_hash')),
    )
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_person_mobile_key'), ['mobile_key'], unique=False)
        batch_op.create_index(batch_op.f('ix_person_name_key'), ['name_key'], unique=False)

    op.create_table(
        'sign_in_attempt',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('login_key', sa.String(length=64), nullable=False),
        sa.Column('address_key', sa.String(length=64), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in_attempt')),
    )
    with op.batch_alter_table('sign_in_attempt', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_attempt_address_key'), ['address_key'], unique=False)
        batch_op.create_index(batch_op.f('ix_sign_in_attempt_login_key'), ['login_key'], unique=False)

    op.create_table(
        'audit_entry',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('actor_id', sa.Integer(), nullable=True),
        sa.Column('actor_name', sa.String(length=100), nullable=False),
        sa.Column('action', sa.String(length=80), nullable=False),
        sa.Column('thing_kind', sa.String(length=40), nullable=False),
        sa.Column('thing_id', sa.Integer(), nullable=True),
        sa.Column('unit_id', sa.Integer(), nullable=True),
        sa.Column('sentence', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(['unit_id'], ['org_unit.id'], name=op.f('fk_audit_entry_unit_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entry')),
    )
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_entry_at'), ['at'], unique=False)
        batch_op.create_index('ix_audit_entry_thing', ['thing_kind', 'thing_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_entry_unit_id'), ['unit_id'], unique=False)

    op.create_table(
        'browser_session',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('account_id', sa.Integer(), nullable=False),
        sa.Column('key_hash', sa.String(length=64), nullable=False),
        sa.Column('generation', sa.Integer(), nullable=False),
        sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_browser_session_account_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_browser_session')),
        sa.UniqueConstraint('key_hash', name=op.f('uq_browser_session_key_hash')),
    )
    with op.batch_alter_table('browser_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_browser_session_account_id'), ['account_id'], unique=False)

    op.create_table(
        'mandate',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('person_id', sa.Integer(), nullable=False),
        sa.Column('level', sa.Integer(), nullable=False),
        sa.Column('term', sa.String(length=40), nullable=False),
        sa.Column('constituency', sa.String(length=100), nullable=False),
        sa.Column('card_no', sa.String(length=40), nullable=False),
        sa.Column('state', sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_mandate_person_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_mandate')),
        sa.UniqueConstraint('person_id', 'level', 'term', name=op.f('uq_mandate_person_id_level_term')),
    )
    with op.batch_alter_table('mandate', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mandate_level'), ['level'], unique=False)
        batch_op.create_index(batch_op.f('ix_mandate_person_id'), ['person_id'], unique=False)

    op.create_table(
        'message',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(length=60), nullable=False),
        sa.Column('channel', sa.String(40), nullable=False),
        sa.Column('state', sa.String(40), nullable=False),
        sa.Column('unit_id', sa.Integer(), nullable=False),
        sa.Column('about', sa.String(length=60), nullable=False),
        sa.Column('dedupe_key', sa.String(length=120), nullable=False),
        sa.Column('to_name', sa.String(length=100), nullable=False),
        sa.Column('to_address', sa.LargeBinary(), nullable=False),
        sa.Column('subject', sa.String(length=400), nullable=False),
        sa.Column('body', sa.LargeBinary(), nullable=False),
        sa.Column('calendar', sa.LargeBinary(), nullable=True),
        sa.Column('raw', sa.LargeBinary(), nullable=True),
        sa.Column('message_id', sa.String(length=200), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('last_error', sa.Text(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('next_try_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('settled_by', sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(['unit_id'], ['org_unit.id'], name=op.f('fk_message_unit_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_message')),
        sa.UniqueConstraint('dedupe_key', name=op.f('uq_message_dedupe_key')),
    )
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.create_index('ix_message_about', ['about'], unique=False)
        batch_op.create_index('ix_message_unit_state', ['unit_id', 'state'], unique=False)

    op.create_table(
        'org_alias',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('unit_id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(['unit_id'], ['org_unit.id'], name=op.f('fk_org_alias_unit_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_org_alias')),
        sa.UniqueConstraint('name', name=op.f('uq_org_alias_name')),
    )
    with op.batch_alter_table('org_alias', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_org_alias_unit_id'), ['unit_id'], unique=False)

    op.create_table(
        'post',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('person_id', sa.Integer(), nullable=False),
        sa.Column('unit_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(40), nullable=False),
        sa.Column('title', sa.String(length=60), nullable=False),
        sa.Column('protocol_order', sa.Integer(), nullable=False),
        sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_post_person_id')),
        sa.ForeignKeyConstraint(['unit_id'], ['org_unit.id'], name=op.f('fk_post_unit_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_post')),
    )
    with op.batch_alter_table('post', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_post_person_id'), ['person_id'], unique=False)
        batch_op.create_index('ix_post_unit_kind', ['unit_id', 'kind'], unique=False)

    op.create_table(
        'role_grant',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('account_id', sa.Integer(), nullable=False),
        sa.Column('role', sa.String(40), nullable=False),
        sa.Column('unit_id', sa.Integer(), nullable=False),
        sa.Column('starts_on', sa.Date(), nullable=True),
        sa.Column('ends_on', sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_role_grant_account_id')),
        sa.ForeignKeyConstraint(['unit_id'], ['org_unit.id'], name=op.f('fk_role_grant_unit_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_role_grant')),
        sa.UniqueConstraint(
            'account_id', 'role', 'unit_id', name=op.f('uq_role_grant_account_id_role_unit_id')
        ),
    )
    with op.batch_alter_table('role_grant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_role_grant_account_id'), ['account_id'], unique=False)

    op.create_table(
        'setup_link',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('account_id', sa.Integer(), nullable=False),
        sa.Column('token_hash', sa.String(length=64), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_setup_link_account_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_setup_link')),
        sa.UniqueConstraint('token_hash', name=op.f('uq_setup_link_token_hash')),
    )
    with op.batch_alter_table('setup_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_setup_link_account_id'), ['account_id'], unique=False)

    op.create_table(
        'station',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('unit_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(40), nullable=False),
        sa.Column('tier', sa.String(40), nullable=False),
        sa.Column('honours', sa.String(length=200), nullable=False),
        sa.Column('address', sa.String(length=200), nullable=False),
        sa.Column('open_hours', sa.String(length=200), nullable=False),
        sa.Column('access_notes', sa.String(length=200), nullable=False),
        sa.Column('about', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(['unit_id'], ['org_unit.id'], name=op.f('fk_station_unit_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_station')),
        sa.UniqueConstraint('unit_id', name=op.f('uq_station_unit_id')),
    )
    op.create_table(
        'room',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('station_id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(length=60), nullable=False),
        sa.Column('capacity', sa.Integer(), nullable=False),
        sa.Column('is_accessible', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(['station_id'], ['station.id'], name=op.f('fk_room_station_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_room')),
        sa.UniqueConstraint('station_id', 'name', name=op.f('uq_room_station_id_name')),
    )
    with op.batch_alter_table('room', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_room_station_id'), ['station_id'], unique=False)

    op.create_table(
        'station_membership',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('station_id', sa.Integer(), nullable=False),
        sa.Column('person_id', sa.Integer(), nullable=False),
        sa.Column('joined_on', sa.Date(), nullable=True),
        sa.Column('left_on', sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_station_membership_person_id')),
        sa.ForeignKeyConstraint(
            ['station_id'], ['station.id'], name=op.f('fk_station_membership_station_id')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_station_membership')),
        sa.UniqueConstraint(
            'station_id', 'person_id', name=op.f('uq_station_membership_station_id_person_id')
        ),
    )
    with op.batch_alter_table('station_membership', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_station_membership_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_station_membership_station_id'), ['station_id'], unique=False)

    op.create_table(
        'meeting',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('code', sa.String(length=16), nullable=False),
        sa.Column('uid', sa.String(length=60), nullable=False),
        sa.Column('sequence', sa.Integer(), nullable=False),
        sa.Column('significant_sequence', sa.Integer(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(length=40), nullable=False),
        sa.Column('title', sa.String(length=100), nullable=False),
        sa.Column('state', sa.String(40), nullable=False),
        sa.Column('state_reason', sa.String(length=300), nullable=False),
        sa.Column('unit_id', sa.Integer(), nullable=False),
        sa.Column('station_id', sa.Integer(), nullable=True),
        sa.Column('place_kind', sa.String(40), nullable=False),
        sa.Column('room_id', sa.Integer(), nullable=True),
        sa.Column('place_text', sa.String(length=200), nullable=False),
        sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('first_starts_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seat_limit', sa.Integer(), nullable=True),
        sa.Column('is_public', sa.Boolean(), nullable=False),
        sa.Column('signup_opens_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('signup_closes_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('about', sa.Text(), nullable=False),
        sa.Column('agenda', sa.Text(), nullable=False),
        sa.Column('notice', sa.Text(), nullable=False),
        sa.Column('form_token', sa.String(length=64), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('revised_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('ended_state_at', sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_meeting_ends_after_start')),
        sa.CheckConstraint('sequence >= 0', name=op.f('ck_meeting_sequence_not_negative')),
        sa.ForeignKeyConstraint(['room_id'], ['room.id'], name=op.f('fk_meeting_room_id')),
        sa.ForeignKeyConstraint(['station_id'], ['station.id'], name=op.f('fk_meeting_station_id')),
        sa.ForeignKeyConstraint(['unit_id'], ['org_unit.id'], name=op.f('fk_meeting_unit_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_meeting')),
        sa.UniqueConstraint('code', name=op.f('uq_meeting_code')),
        sa.UniqueConstraint('form_token', name=op.f('uq_meeting_form_token')),
        sa.UniqueConstraint('uid', name=op.f('uq_meeting_uid')),
    )
    with op.batch_alter_table('meeting', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meeting_starts_at'), ['starts_at'], unique=False)
        batch_op.create_index('ix_meeting_state_starts', ['state', 'starts_at'], unique=False)
        batch_op.create_index('ix_meeting_station_starts', ['station_id', 'starts_at'], unique=False)
        batch_op.create_index('ix_meeting_unit_starts', ['unit_id', 'starts_at'], unique=False)

    op.create_table(
        'occupancy',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('meeting_id', sa.Integer(), nullable=False),
        sa.Column('resource_id', sa.Integer(), nullable=False),
        sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('live', sa.Boolean(), nullable=False),
        sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_occupancy_ends_after_start')),
        sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_occupancy_meeting_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_occupancy')),
        sa.UniqueConstraint('meeting_id', 'resource_id', name=op.f('uq_occupancy_meeting_id_resource_id')),
    )
    with op.batch_alter_table('occupancy', schema=None) as batch_op:
        batch_op.create_index('ix_occupancy_resource_starts', ['resource_id', 'starts_at'], unique=False)

    op.create_table(
        'participant',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('meeting_id', sa.Integer(), nullable=False),
        sa.Column('person_id', sa.Integer(), nullable=False),
        sa.Column('role', sa.String(40), nullable=False),
        sa.Column('unit_id', sa.Integer(), nullable=True),
        sa.Column('is_lead', sa.Boolean(), nullable=False),
        sa.Column('title', sa.String(length=100), nullable=False),
        sa.Column('stand_in_for_id', sa.Integer(), nullable=True),
        sa.Column('stand_in_reason', sa.String(length=300), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.Column('declined_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_participant_meeting_id')),
        sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_participant_person_id')),
        sa.ForeignKeyConstraint(
            ['stand_in_for_id'], ['person.id'], name=op.f('fk_participant_stand_in_for_id')
        ),
        sa.ForeignKeyConstraint(['unit_id'], ['org_unit.id'], name=op.f('fk_participant_unit_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_participant')),
        sa.UniqueConstraint('meeting_id', 'person_id', name=op.f('uq_participant_meeting_id_person_id')),
    )
    with op.batch_alter_table('participant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_participant_meeting_id'), ['meeting_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_participant_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_participant_unit_id'), ['unit_id'], unique=False)

    op.create_table(
        'pool',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('meeting_id', sa.Integer(), nullable=False),
        sa.Column('role', sa.String(40), nullable=False),
        sa.Column('seats', sa.Integer(), nullable=False),
        sa.Column('wait_places', sa.Integer(), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.CheckConstraint('seats >= 0', name=op.f('ck_pool_seats_not_negative')),
        sa.CheckConstraint('wait_places >= 0', name=op.f('ck_pool_wait_places_not_negative')),
        sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_pool_meeting_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_pool')),
        sa.UniqueConstraint('meeting_id', 'role', name=op.f('uq_pool_meeting_id_role')),
    )
    with op.batch_alter_table('pool', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_pool_meeting_id'), ['meeting_id'], unique=False)

    op.create_table(
        'invitation',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('meeting_id', sa.Integer(), nullable=False),
        sa.Column('participant_id', sa.Integer(), nullable=False),
        sa.Column('token_hash', sa.String(length=64), nullable=True),
        sa.Column('generation', sa.Integer(), nullable=False),
        sa.Column('answer', sa.String(40), nullable=False),
        sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('answered_sequence', sa.Integer(), nullable=True),
        sa.Column('answered_by', sa.String(length=100), nullable=False),
        sa.Column('door', sa.String(40), nullable=True),
        sa.Column('reason', sa.LargeBinary(), nullable=True),
        sa.Column('stand_in_text', sa.String(length=100), nullable=False),
        sa.Column('sent_sequence', sa.Integer(), nullable=True),
        sa.Column('first_message_id', sa.String(length=200), nullable=False),
        sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_invitation_meeting_id')),
        sa.ForeignKeyConstraint(
            ['participant_id'], ['participant.id'], name=op.f('fk_invitation_participant_id')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_invitation')),
        sa.UniqueConstraint('participant_id', name=op.f('uq_invitation_participant_id')),
        sa.UniqueConstraint('token_hash', name=op.f('uq_invitation_token_hash')),
    )
    with op.batch_alter_table('invitation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invitation_meeting_id'), ['meeting_id'], unique=False)

    op.create_table(
        'signup',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('meeting_id', sa.Integer(), nullable=False),
        sa.Column('pool_id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(length=100), nullable=False),
        sa.Column('name_key', sa.String(length=100), nullable=False),
        sa.Column('mobile', sa.LargeBinary(), nullable=False),
        sa.Column('mobile_key', sa.String(length=64), nullable=False),
        sa.Column('organisation', sa.String(length=100), nullable=False),
        sa.Column('question', sa.LargeBinary(), nullable=True),
        sa.Column('needs', sa.String(length=200), nullable=False),
        sa.Column('state', sa.String(40), nullable=False),
        sa.Column('ticket_code', sa.String(length=6), nullable=False),
        sa.Column('token_hash', sa.String(length=64), nullable=True),
        sa.Column('form_token', sa.String(length=64), nullable=True),
        sa.Column('privacy_version', sa.String(length=20), nullable=False),
        sa.Column('signed_up_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('entered_by_id', sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(['entered_by_id'], ['account.id'], name=op.f('fk_signup_entered_by_id')),
        sa.ForeignKeyConstraint(['meeting_id'], ['meeting.id'], name=op.f('fk_signup_meeting_id')),
        sa.ForeignKeyConstraint(['pool_id'], ['pool.id'], name=op.f('fk_signup_pool_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_signup')),
        sa.UniqueConstraint('form_token', name=op.f('uq_signup_form_token')),
        sa.UniqueConstraint('meeting_id', 'ticket_code', name=op.f('uq_signup_meeting_id_ticket_code')),
        sa.UniqueConstraint('token_hash', name=op.f('uq_signup_token_hash')),
    )
    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_signup_meeting_id'), ['meeting_id'], unique=False)
        batch_op.create_index('ix_signup_pool_state', ['pool_id', 'state'], unique=False)
        batch_op.create_index(
            'uq_signup_live_person',
            ['meeting_id', 'mobile_key', 'name_key'],
            unique=True,
            sqlite_where=sa.text("state IN ('confirmed', 'waiting')"),
            postgresql_where=sa.text("state IN ('confirmed', 'waiting')"),
        )


def downgrade() -> None:
    with op.batch_alter_table('signup', schema=None) as batch_op:
        batch_op.drop_index(
            'uq_signup_live_person',
            sqlite_where=sa.text("state IN ('confirmed', 'waiting')"),
            postgresql_where=sa.text("state IN ('confirmed', 'waiting')"),
        )
        batch_op.drop_index('ix_signup_pool_state')
        batch_op.drop_index(batch_op.f('ix_signup_meeting_id'))

    op.drop_table('signup')
    with op.batch_alter_table('invitation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_invitation_meeting_id'))

    op.drop_table('invitation')
    with op.batch_alter_table('pool', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_pool_meeting_id'))

    op.drop_table('pool')
    with op.batch_alter_table('participant', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_participant_unit_id'))
        batch_op.drop_index(batch_op.f('ix_participant_person_id'))
        batch_op.drop_index(batch_op.f('ix_participant_meeting_id'))

    op.drop_table('participant')
    with op.batch_alter_table('occupancy', schema=None) as batch_op:
        batch_op.drop_index('ix_occupancy_resource_starts')

    op.drop_table('occupancy')
    with op.batch_alter_table('meeting', schema=None) as batch_op:
        batch_op.drop_index('ix_meeting_unit_starts')
        batch_op.drop_index('ix_meeting_station_starts')
        batch_op.drop_index('ix_meeting_state_starts')
        batch_op.drop_index(batch_op.f('ix_meeting_starts_at'))

    op.drop_table('meeting')
    with op.batch_alter_table('station_membership', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_station_membership_station_id'))
        batch_op.drop_index(batch_op.f('ix_station_membership_person_id'))

    op.drop_table('station_membership')
    with op.batch_alter_table('room', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_room_station_id'))

    op.drop_table('room')
    op.drop_table('station')
    with op.batch_alter_table('setup_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_setup_link_account_id'))

    op.drop_table('setup_link')
    with op.batch_alter_table('role_grant', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_role_grant_account_id'))

    op.drop_table('role_grant')
    with op.batch_alter_table('post', schema=None) as batch_op:
        batch_op.drop_index('ix_post_unit_kind')
        batch_op.drop_index(batch_op.f('ix_post_person_id'))

    op.drop_table('post')
    with op.batch_alter_table('org_alias', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_org_alias_unit_id'))

    op.drop_table('org_alias')
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_index('ix_message_unit_state')
        batch_op.drop_index('ix_message_about')

    op.drop_table('message')
    with op.batch_alter_table('mandate', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_mandate_person_id'))
        batch_op.drop_index(batch_op.f('ix_mandate_level'))

    op.drop_table('mandate')
    with op.batch_alter_table('browser_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_browser_session_account_id'))

    op.drop_table('browser_session')
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_entry_unit_id'))
        batch_op.drop_index('ix_audit_entry_thing')
        batch_op.drop_index(batch_op.f('ix_audit_entry_at'))

    op.drop_table('audit_entry')
    with op.batch_alter_table('sign_in_attempt', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_in_attempt_login_key'))
        batch_op.drop_index(batch_op.f('ix_sign_in_attempt_address_key'))

    op.drop_table('sign_in_attempt')
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_person_name_key'))
        batch_op.drop_index(batch_op.f('ix_person_mobile_key'))

    op.drop_table('person')
    with op.batch_alter_table('org_unit', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_org_unit_path'))
        batch_op.drop_index(batch_op.f('ix_org_unit_parent_id'))

    op.drop_table('org_unit')
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.drop_index('ix_job_state_run_after')

    op.drop_table('job')
    op.drop_table('heartbeat')
    op.drop_table('account')
