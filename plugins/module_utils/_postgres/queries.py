# Copyright: repro.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to repro.stack. What PostgreSQL's catalogues are asked about a database, its owner and its schema public."""

from __future__ import annotations

FIND_DATABASE = """
select pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datallowconn,
       array_remove(array[
           case when not datallowconn then 'NO CONNECTIONS' end,
           case when datconnlimit <> -1 then 'CONNECTION LIMIT ' || datconnlimit end,
           case when datistemplate then 'TEMPLATE' end], null)
       || array(select 'SET ' || split_part(setting, '=', 1) from pg_db_role_setting, unnest(setconfig) setting
                where setdatabase = pg_database.oid and setrole = 0 order by 1)
from pg_database where datname = %s"""
FIND_PRIVILEGES = """
select case grantee when 0 then 'PUBLIC' else pg_get_userbyid(grantee) end,
       array_agg(privilege_type || case when is_grantable then ' WITH GRANT OPTION' else '' end order by privilege_type)
from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
where datname = %s group by grantee"""
# A setting is named and not shown: it may hold anything.
FIND_ROLE = """
select array_remove(array[
           case when rolbypassrls then 'BYPASSRLS' end, case when rolcreatedb then 'CREATEDB' end,
           case when rolcreaterole then 'CREATEROLE' end, case when rolcanlogin then 'LOGIN' end,
           case when rolreplication then 'REPLICATION' end, case when rolsuper then 'SUPERUSER' end,
           case when rolconnlimit <> -1 then 'CONNECTION LIMIT ' || rolconnlimit end,
           case when rolvaliduntil < 'infinity' then 'VALID UNTIL ' || rolvaliduntil end], null)
       || array(select 'MEMBER OF ' || pg_get_userbyid(roleid) from pg_auth_members
                where member = pg_roles.oid order by 1)
       || array(select 'GIVEN TO ' || pg_get_userbyid(member) from pg_auth_members
                where roleid = pg_roles.oid order by 1)
       || array(select distinct 'SET ' || split_part(setting, '=', 1) from pg_db_role_setting, unnest(setconfig) setting
                where setrole = pg_roles.oid order by 1)
from pg_roles where rolname = %s"""
FIND_MEMBERSHIPS = """
select pg_get_userbyid(roleid), pg_get_userbyid(member), pg_get_userbyid(grantor) from pg_auth_members
where %s in (pg_get_userbyid(member), pg_get_userbyid(roleid))"""
FIND_ROLE_SETTINGS = """
select datname from pg_db_role_setting left join pg_database on pg_database.oid = setdatabase
where pg_get_userbyid(setrole) = %s"""
# What ALTER ROLE ALL set, and what postgresql.auto.conf says or, as long as nobody reloads, has said.
FIND_SERVER_SETTINGS = """
select 'SET ' || split_part(setting, '=', 1) from pg_db_role_setting, unnest(setconfig) setting
where setdatabase = 0 and setrole = 0
union select coalesce('SET ' || name, error) from pg_file_settings where sourcefile = %(file)s
union select 'SET ' || name from pg_settings where sourcefile = %(file)s
order by 1"""
FIND_SCHEMA = """
select case pg_get_userbyid(nspowner) when 'pg_database_owner' then
           (select pg_get_userbyid(datdba) from pg_database where datname = current_database())
       else pg_get_userbyid(nspowner) end,
       array_remove(array[
           case when has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'CREATE') then 'CREATE' end,
           case when has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'USAGE') then 'USAGE' end], null)
from pg_namespace left join pg_roles on rolname = %s where nspname = 'public'"""
# What lies in the schema and is another's, or its owner may not use; a sequence after the table that it may go with.
# What an extension brought is the extension's.
FIND_WITHHELD = """
select relname from pg_class, lateral (select (case relkind when 'S' then 's' else 'r' end)::"char" as kind) as acl
where relnamespace = to_regnamespace('public') and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e')
  and (relowner <> %(owner)s::regrole
       or exists (select privilege_type from aclexplode(acldefault(kind, relowner))
                  except select privilege_type from aclexplode(coalesce(relacl, acldefault(kind, relowner)))
                  where grantee = %(owner)s::regrole))
order by relkind = 'S', relname"""
COUNT_RELATIONS = """
select count(*) from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where nspname <> 'information_schema' and nspname not like 'pg\\_%'"""
